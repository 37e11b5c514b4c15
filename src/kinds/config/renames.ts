import type { Sought } from "../../model/sought.ts";
import { instanceNames } from "./instance-names.ts";

/** A name of the configuration, and the names that the same object may have had before, the likeliest first. */
export interface Earlier {
  readonly name: string;
  readonly entry: string;
  readonly names: readonly string[];
  /** `renamed_from` of the entry; null: only its `count` was added or removed. */
  readonly renamedFrom: string | null;
  /** Of `names`, those that other entries have now, which were renamed as well: `c` was `b`, and `b` was `a`. */
  readonly chained: readonly string[];
}

/**
 * The earlier names of instances. Without a count `web` may have been `web-0`, and with one `web-0` may have been `web`, as Terraform moves
 * `x` to `x[0]` and back. Pure.
 */
export function earlierInstances({ instances = {} }: Pick<Sought, "instances">): Earlier[] {
  const entries = Object.entries(instances);
  const entryOf = new Map(entries.flatMap(([entry, { count }]) => instanceNames(entry, count).map((name) => [name, entry] as const)));
  const isRenamed = (name: string) => instances[entryOf.get(name) ?? ""]?.renamed_from !== undefined;
  return entries.flatMap(([entry, { count, renamed_from: from = null }]) =>
    instanceNames(entry, count).flatMap((name, index): Earlier[] => {
      const of = (before: string) => (index === 0 ? [`${before}-0`, before] : [`${before}-${index}`]);
      const chained = from === null ? [] : of(from).filter((before) => entryOf.has(before) && isRenamed(before));
      const names = [...(from === null ? [] : of(from)), ...of(entry)].filter((before) => !entryOf.has(before) || chained.includes(before));
      return names.length === 0 ? [] : [{ name, entry, names, renamedFrom: from, chained }];
    }),
  );
}

/** The earlier names of volumes. Pure. */
export function earlierVolumes({ volumes: declared = {} }: Pick<Sought, "volumes">): Earlier[] {
  return Object.entries(declared).flatMap(([entry, { renamed_from: from }]) => {
    const isDeclared = from !== undefined && Object.hasOwn(declared, from);
    if (from === undefined || (isDeclared && declared[from]?.renamed_from === undefined)) return [];
    return [{ name: entry, entry, names: [from], renamedFrom: from, chained: isDeclared ? [from] : [] }];
  });
}

/**
 * The objects that get another name, by uuid. `existing`: the names that objects of the project have on the host, by uuid. An object is
 * renamed only to a name that no object has, or that its object gives up for another one. `isCreatedAs`: whether an object was created under a name. Pure.
 */
export function renames(
  earlier: readonly Earlier[],
  existing: ReadonlyMap<string, string>,
  isCreatedAs: (uuid: string, name: string) => boolean,
): ReadonlyMap<string, string> {
  const before = new Map([...existing].map(([uuid, name]) => [name, uuid]));
  const renamed = new Map<string, string>();
  if (before.size === 0) return renamed;
  const left = new Map(before);
  const entries = new Map(earlier.map((one) => [one.name, one]));
  // What has a name of a chain got it by this chain, or has it still to give up: it was created under it, or what is to follow it is still there.
  const givesUp = (name: string, uuid: string) =>
    entries.get(name)?.names.some((previous) => before.has(previous)) === true || isCreatedAs(uuid, name);
  const open = new Set(earlier);
  for (let size = -1; size !== open.size; ) {
    size = open.size;
    for (const one of open) {
      if (left.has(one.name)) continue;
      const source = one.names.find((name) => {
        const uuid = left.get(name);
        return uuid !== undefined && (!one.chained.includes(name) || givesUp(name, uuid));
      });
      const uuid = source === undefined ? undefined : left.get(source);
      if (source === undefined || uuid === undefined) continue;
      renamed.set(uuid, one.name);
      left.delete(source);
      open.delete(one);
    }
  }
  return renamed;
}
