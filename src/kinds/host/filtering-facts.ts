import type { Context } from "../../model/context.ts";
import type { FilteringFacts } from "../../model/host-facts.ts";
import { isInstalled } from "../../tools/is-installed.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { filterPrefix, filterUuid, usedFilters } from "../terms/port-filter.ts";

/** What libvirt runs to filter (`nwfilter_ebiptables_driver.c`). */
const programs = ["ebtables", "iptables", "ip6tables"] as const;
/** With 0, iptables does not see what passes a bridge. The files are missing until the first rule that needs them. */
const settings = ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"] as const;

/** Looks up whether the host can filter the traffic of guests. */
export async function lookUpFiltering(context: Context): Promise<FilteringFacts> {
  const [found, installed, values] = await Promise.all([
    libvirtOf(context).filters(filterPrefix(context.project)),
    Promise.all(programs.map((program) => isInstalled(context, program, ["--version"]))),
    context.host.files.readMany(settings.map((name) => ({ path: `/proc/sys/net/bridge/${name}` }))),
  ]);
  const names = new Set(found?.names);
  return {
    driver: found !== undefined,
    missingPrograms: programs.filter((_, index) => installed[index] === false),
    missingFilters: found === undefined ? [] : usedFilters.filter((name) => !names.has(name)),
    passing: settings.filter((_, index) => values[index]?.toString("latin1").trim() === "0"),
    taken: (found?.own ?? []).flatMap(({ name, uuid }) => (uuid === filterUuid(name) ? [] : [name])),
  };
}
