import type { HostSettings } from "../../model/settings.ts";
import type { Config } from "../config.ts";

/** The networks and bridges of the host that the instances of a configuration are connected to; null when there are none. */
export function usedNetworks(config: Config): HostSettings["networks"] {
  const used = Object.values(config.instances ?? {}).flatMap(({ networks = [], count }) => (count === 0 ? [] : networks));
  const names = [...new Set(used.flatMap(({ network }) => network ?? []))];
  const bridges = [...new Set(used.flatMap(({ bridge }) => bridge ?? []))];
  return names.length + bridges.length === 0 ? null : { names, bridges };
}
