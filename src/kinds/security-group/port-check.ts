import type { Diagnostic } from "../../model/diagnostic.ts";
import { addressSubnet, formatCidr, subnetOf } from "../../model/ip.ts";
import type { Pointer } from "../../model/pointer.ts";
import { problem } from "../../model/problem.ts";
import { libvirtNetwork, networkOf } from "../config/network-of.ts";
import { filteringOf, isFiltered } from "../config/port-filter-of.ts";
import type { Wanted } from "../config/wanted.ts";
import type { Config, InstanceConfig, NicConfig } from "../config.ts";
import { nicName } from "../guest/interfaces.ts";
import { groups } from "../terms/filter-address.ts";
import { guests } from "../terms/guest-address.ts";
import { wantedPorts } from "./desired.ts";

/** Interfaces whose filter is written in a way that cannot be, or that would have no effect. Pure. */
export function checkPorts(wanted: Wanted): Diagnostic[] {
  const written = Object.entries(wanted.config.instances ?? {}).flatMap(([name, instance]) => [
    ...checkInstance(name, instance),
    ...(instance.networks ?? []).flatMap((nic, index) => checkNic(wanted, { name, instance, nic, index })),
  ]);
  return [...written, ...checkMembers(wanted)];
}

/** What is wrong, and what to do. */
type Mistake = readonly [summary: string, detail: string];

function invalid(what: string, pointer: Pointer, [summary, detail]: Mistake): Diagnostic {
  return problem("port-filter-invalid", { summary: `${what} ${summary}`, detail, pointer });
}

function checkInstance(name: string, instance: InstanceConfig): Diagnostic[] {
  const what = `Instance ${name}`;
  const found = contradictions(instance).map((mistake) => invalid(what, ["instances", name, "port_filter"], mistake));
  if (instance.security_groups === undefined || (instance.networks ?? []).length > 0) return found;
  const mistake: Mistake = [
    "has security groups and no network interface",
    "They have no effect. Add networks, or remove security_groups.",
  ];
  return [...found, invalid(what, ["instances", name, "security_groups"], mistake)];
}

function contradictions(of: {
  readonly port_filter?: InstanceConfig["port_filter"];
  readonly security_groups?: readonly string[] | undefined;
}): Mistake[] {
  const { port_filter: mode, security_groups: named } = of;
  if (mode === "on" && named === undefined)
    return [
      ["has port_filter: on and no security groups", "Nothing could be received or sent. Add security_groups; [] means that on purpose."],
    ];
  if ((mode === "none" || mode === "external") && named !== undefined)
    return [[`has security groups, and port_filter: ${mode}`, "The groups would have no effect. Remove one of the two."]];
  return [];
}

/** An interface of an instance as it is written. */
interface WrittenNic {
  readonly name: string;
  readonly instance: InstanceConfig;
  readonly nic: NicConfig;
  readonly index: number;
}

function checkNic({ config, facts }: Wanted, { name, instance, nic, index }: WrittenNic): Diagnostic[] {
  const [what, place] = [`Interface ${nicName(nic, index)} of ${name}`, ["instances", name, "networks", index]];
  // With port_filter: on alone it has the groups of the instance.
  const inherited = nic.port_filter === "on" ? instance.security_groups : undefined;
  const found = contradictions({ ...nic, security_groups: nic.security_groups ?? inherited }).map((mistake) =>
    invalid(what, [...place, "port_filter"], mistake),
  );
  const filtering = filteringOf(instance, nic);
  found.push(
    ...pairMistakes(nic, isFiltered(filtering)).map(([at, mistake]) => invalid(what, [...place, "allowed_address_pairs", ...at], mistake)),
  );
  const why = isFiltered(filtering) ? notFilterable(config, facts, nic) : undefined;
  if (why !== undefined) found.push(invalid(what, place, ["cannot be filtered", why]));
  const type = networkOf(config, nic)?.network.type;
  if (isFiltered(filtering) && (type === "routed" || type === "open")) found.push(repliesOnly(what, place, type));
  return found;
}

/** Pairs that are none, or that would have no effect, each with its place below `allowed_address_pairs`. */
function pairMistakes({ allowed_address_pairs: pairs }: NicConfig, isOn: boolean): (readonly [Pointer, Mistake])[] {
  if (pairs === undefined) return [];
  if (!isOn) {
    const detail =
      "Nothing checks what the guest sends, so it may send from any address. Add security_groups, or remove allowed_address_pairs.";
    return [[[], ["has allowed address pairs and is not filtered", detail]]];
  }
  return pairs.flatMap(({ address }, index): (readonly [Pointer, Mistake])[] => {
    const at = [index, "address"];
    const cidr = addressSubnet(address);
    if (cidr === undefined)
      return [
        [
          at,
          [
            `has the allowed address ${address}, which is not an IP address or a subnet`,
            "Write an IPv4 or IPv6 address, or a subnet such as 10.0.0.0/24.",
          ],
        ],
      ];
    const subnet = subnetOf(cidr);
    if (subnet.value === cidr.value) return [];
    return [
      [
        at,
        [
          `has the allowed subnet ${address}, which does not begin at its first address`,
          `Write ${formatCidr(subnet)}, or the address alone.`,
        ],
      ],
    ];
  });
}

function repliesOnly(what: string, pointer: Pointer, type: string): Diagnostic {
  const summary = `Packets that the host routes to ${what.replace("Interface", "interface")} are not filtered, only the replies are`;
  const detail = `Its network is of type ${type}, and libvirt filters what passes a bridge or comes from a guest. No connection that its groups do not allow is possible from elsewhere, but a single UDP or ICMP packet arrives. Filter on the router as well.`;
  return problem("filter-sees-replies", { summary, detail, pointer, lasting: true }, "warning");
}

/** Why libvirt cannot filter an interface, and what to do; undefined where it can. */
function notFilterable(config: Config, { networks }: Pick<Wanted["facts"], "networks">, nic: NicConfig): string | undefined {
  if (nic.user === true)
    return "User-mode networking has no device on the host. Connect it to a network or a bridge, or write port_filter: none for it.";
  const remedy = "Use a network of another type, or write port_filter: external and filter elsewhere.";
  const type = networkOf(config, nic)?.network.type;
  if (type === "ovs" || type === "macvtap") return `libvirt filters no interfaces in networks of type ${type}. ${remedy}`;
  const source = nic.network === undefined ? undefined : libvirtNetwork(config, nic.network);
  if (source === undefined || networks?.unfilterable?.includes(source) !== true) return undefined;
  return `libvirt filters what passes a Linux bridge, and the network ${source} of the host has none (Open vSwitch, macvtap). ${remedy}`;
}

/** Interfaces that a rule names by their group, and whose addresses are not known. */
function checkMembers(wanted: Wanted): Diagnostic[] {
  const declared = Object.entries(wanted.config.security_groups ?? {});
  const namedBy = new Map(
    declared.flatMap(([name, { rules = [] }]) => rules.flatMap(({ group }) => (group === undefined ? [] : [[group, name] as const]))),
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
