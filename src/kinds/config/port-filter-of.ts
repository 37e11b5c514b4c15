import type { Config, InstanceConfig, NicConfig } from "../config.ts";

/** How an interface is filtered: null where the configuration says nothing, or another program filters. */
export type Filtering = { readonly groups: readonly string[] } | "none" | null;

/** How an interface of an instance is filtered: what it says itself, else what the instance says. */
export function filteringOf({ port_filter: ofAll, security_groups: groupsOfAll }: InstanceConfig, nic: NicConfig): Filtering {
  const groups = nic.security_groups ?? groupsOfAll;
  const mode = nic.port_filter ?? (nic.security_groups === undefined ? ofAll : "on") ?? (groups === undefined ? "external" : "on");
  if (mode !== "on") return mode === "none" ? mode : null;
  return { groups: [...(groups ?? [])].sort() };
}

/** Whether virtform filters the interface. */
export function isFiltered(filtering: Filtering): filtering is Exclude<Filtering, "none" | null> {
  return filtering !== null && filtering !== "none";
}

/** Whether a configuration filters traffic of guests, so that the host has to be able to. */
export function filtersTraffic({ security_groups: declared = {}, instances = {} }: Config): boolean {
  if (Object.keys(declared).length > 0) return true;
  return Object.values(instances).some((instance) => (instance.networks ?? []).some((nic) => isFiltered(filteringOf(instance, nic))));
}
