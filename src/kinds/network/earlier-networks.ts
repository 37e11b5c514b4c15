import { networkTraits } from "../config/network-traits.ts";
import type { Config } from "../config.ts";

/** The names that declared networks had before (`renamed_from`), each with the name of its entry. A name that another entry has is none. Pure. */
export function earlierNetworks({ networks: declared = {} }: Pick<Config, "networks">): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(declared).flatMap(([name, network]) => {
      const { renamed_from: from } = network;
      const counts = from !== undefined && !Object.hasOwn(declared, from) && networkTraits(network).type !== "external";
      return counts ? [[from, name] as const] : [];
    }),
  );
}
