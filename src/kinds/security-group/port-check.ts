import type { Diagnostic } from "../../model/diagnostic.ts";
import { parseIp } from "../../model/ip.ts";
import { problem } from "../../model/problem.ts";
import { filteringOf } from "../config/port-filter-of.ts";
import type { Wanted } from "../config/wanted.ts";
import type { Config } from "../config.ts";
import { nicName } from "../guest/interfaces.ts";
import { groups } from "../terms/filter-address.ts";
import { guests } from "../terms/guest-address.ts";
import { wantedPorts } from "./desired.ts";

/** Interfaces whose filter is written in a way that cannot be, or that would have no effect. Pure. */
export function checkPorts(wanted: Wanted): Diagnostic[] {
  return [...checkInstances(wanted.config), ...checkMembers(wanted)];
}

function checkInstances({ instances = {} }: Config): Diagnostic[] {
  return Object.entries(instances).flatMap(([name, instance]) => {
    const wrong = (key: readonly (string | number)[], summary: string, detail: string) =>
      problem("port-filter-invalid", { summary, detail, pointer: ["instances", name, ...key] });
    const { networks: nics = [], security_groups: named, port_filter: mode } = instance;
    const found = contradictions(instance).map(([summary, detail]) => wrong(["port_filter"], `Instance ${name} ${summary}`, detail));
    if (named !== undefined && nics.length === 0)
      found.push(
        wrong(
          ["security_groups"],
          `Instance ${name} has security groups and no network interface`,
          "They have no effect. Add networks, or remove security_groups.",
        ),
      );
    nics.forEach((nic, index) => {
      const what = `Interface ${nicName(nic, index)} of ${name}`;
      const place = ["networks", index];
      // A mode of the interface is about its own groups, or about those of the instance.
      for (const [summary, detail] of contradictions({
        ...nic,
        security_groups: nic.security_groups ?? (nic.port_filter === "on" ? named : undefined),
      }))
        found.push(wrong([...place, "port_filter"], `${what} ${summary}`, detail));
      if (nic.user === true && typeof filteringOf(instance, nic) === "object" && filteringOf(instance, nic) !== null)
        found.push(
          wrong(
            place,
            `${what} cannot be filtered`,
            "User-mode networking has no device on the host. Connect it to a network or a bridge, or write port_filter: none for it.",
          ),
        );
      for (const address of nic.addresses ?? [])
        if (parseIp(address) === undefined)
          found.push(
            wrong(
              [...place, "addresses"],
              `${what} has the address ${address}, which is none`,
              "Write an IPv4 or IPv6 address without a prefix.",
            ),
          );
    });
    return mode === undefined ? found : found.filter((one, index) => found.findIndex(({ summary }) => summary === one.summary) === index);
  });
}

function contradictions(of: {
  readonly port_filter?: string;
  readonly security_groups?: readonly string[] | undefined;
}): [summary: string, detail: string][] {
  const { port_filter: mode, security_groups: named } = of;
  if (mode === "on" && named === undefined)
    return [
      ["has port_filter: on and no security groups", "Nothing could be received or sent. Add security_groups; [] means that on purpose."],
    ];
  if ((mode === "none" || mode === "external") && named !== undefined)
    return [[`has security groups, and port_filter: ${mode}`, "The groups would have no effect. Remove one of the two."]];
  return [];
}

/** Interfaces that a rule names by their group, and whose addresses are not known. */
function checkMembers(wanted: Wanted): Diagnostic[] {
  const { security_groups: declared = {} } = wanted.config;
  const namedBy = new Map(
    Object.entries(declared).flatMap(([name, { rules = [] }]) =>
      rules.flatMap(({ group }) => (group === undefined ? [] : [[group, name] as const])),
    ),
  );
  if (namedBy.size === 0) return [];
  return wantedPorts(wanted).flatMap(({ guest, nic, filter }) => {
    const group = filter.addresses.length > 0 ? undefined : filter.groups.find((one) => namedBy.has(one));
    if (group === undefined) return [];
    const by = namedBy.get(group) ?? "";
    return [
      problem("group-member-without-address", {
        summary: `Interface ${nic.name} of ${guest.name} has no fixed address, and security group ${by} names its group ${group}`,
        detail: `Rules with a group match the fixed addresses of its members. Give the interface addresses, or write cidr instead of group in ${groups.at(by)}.`,
        address: guests.at(guest.name),
        key: ["networks", guest.interfaces.indexOf(nic)],
      }),
    ];
  });
}
