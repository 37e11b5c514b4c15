import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import type { Wanted } from "../config/wanted.ts";
import { checkPorts } from "./port-check.ts";
import { checkRules } from "./rule-check.ts";

/** What is wrong with security groups as they are written, whatever the host is. Pure. */
export function checkWrittenFilters(wanted: Wanted): Diagnostic[] {
  return [...checkRules(wanted.config), ...checkPorts(wanted)];
}

/** The same, and what the host lacks for them. */
export function checkFilters(wanted: Wanted): Diagnostic[] {
  return [...checkWrittenFilters(wanted), ...checkHost(wanted)];
}

function checkHost({ facts: { filtering } }: Wanted): Diagnostic[] {
  if (filtering === undefined || filtering === null) return [];
  const lacks = (summary: string, detail: string) => problem("port-filter-unavailable", { summary, detail, pointer: ["security_groups"] });
  const { driver, missingPrograms, missingFilters, passing, taken } = filtering;
  const found = missingPrograms.map((program) =>
    lacks(
      `The host has no ${program}, which libvirt filters with`,
      `Install it there: apt install ${packages[program] ?? program}. Then restart libvirtd (virtnwfilterd where the daemons are split).`,
    ),
  );
  if (!driver)
    return [
      ...found,
      lacks(
        "This libvirt filters no network traffic",
        "Security groups need its driver for network filters (nwfilter), which only the system's libvirt has: host.uri qemu:///system. Install it on the host: apt install libvirt-daemon-driver-nwfilter; on older releases it is part of libvirt-daemon-system.",
      ),
    ];
  const [missing] = missingFilters;
  if (missing !== undefined)
    found.push(
      lacks(
        `libvirt has no network filter ${missingFilters.join(", ")}`,
        "libvirt brings it along, and the filters of interfaces use it. Install it on the host: `apt install --reinstall libvirt-daemon-config-nwfilter`.",
      ),
    );
  for (const name of passing)
    found.push(
      lacks(
        `The kernel does not filter what passes a bridge: net.bridge.${name} is 0`,
        `Security groups would have no effect between guests. Enable it on the host: sysctl -w net.bridge.${name}=1, and in /etc/sysctl.d for the next boot.`,
      ),
    );
  for (const name of taken)
    found.push(
      problem("filter-name-taken", {
        summary: `The network filter ${name} is not virtform's: it has another uuid`,
        detail: `It was defined by others, and virtform does not change it. Remove it: virsh nwfilter-undefine ${shellWord(name)}. While a guest uses it, stop that guest first.`,
      }),
    );
  return found;
}

/** Debian packages of programs. */
const packages: Readonly<Record<string, string>> = { ebtables: "ebtables", iptables: "iptables", ip6tables: "iptables" };
