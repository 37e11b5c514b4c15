import type { Sought } from "../../model/sought.ts";

/** The names that declared networks had before (`renamed_from`), each with the name of its entry. A name that another entry has is none. Pure. */
export function earlierNetworks({ networks: declared = {} }: Pick<Sought, "networks">): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(declared).flatMap(([name, { renamed_from: from, external }]) => {
      const counts = from !== undefined && !Object.hasOwn(declared, from) && external !== true;
      return counts ? [[from, name] as const] : [];
    }),
  );
}
