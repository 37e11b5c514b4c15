import type { Config } from "../config.ts";
import { instanceNames } from "./instance-names.ts";

/** A name of the configuration, and the names that the same object may have had before, the likeliest first. */
export interface Earlier {
  readonly name: string;
  readonly entry: string;
  readonly names: readonly string[];
  /** `renamed_from` of the entry; null: only its `count` was added or removed. */
  readonly renamedFrom: string | null;
}

/**
 * The earlier names of instances. Without a count `web` may have been `web-0`, and with one `web-0` may have been `web`, as Terraform moves
 * `x` to `x[0]` and back. Pure.
 */
export function earlierInstances(config: Config): Earlier[] {
  const declared = new Set(Object.entries(config.instances ?? {}).flatMap(([entry, { count }]) => instanceNames(entry, count)));
  return Object.entries(config.instances ?? {}).flatMap(([entry, { count, renamed_from: from = null }]) =>
    instanceNames(entry, count).flatMap((name, index): Earlier[] => {
      const of = (before: string) => (index === 0 ? [`${before}-0`, before] : [`${before}-${index}`]);
      const names = [...(from === null ? [] : of(from)), ...of(entry)].filter((before) => !declared.has(before));
      return names.length === 0 ? [] : [{ name, entry, names, renamedFrom: from }];
    }),
  );
}

/** The earlier names of volumes. Pure. */
export function earlierVolumes(config: Config): Earlier[] {
  const declared = config.volumes ?? {};
  return Object.entries(declared).flatMap(([entry, { renamed_from: from }]) =>
    from === undefined || Object.hasOwn(declared, from) ? [] : [{ name: entry, entry, names: [from], renamedFrom: from }],
  );
}

/**
 * The objects that get another name, by uuid. `existing`: the names that objects of the project have on the host, by uuid. An object is
 * renamed only to a name that no object has. Pure.
 */
export function renames(earlier: readonly Earlier[], existing: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const uuidOf = new Map([...existing].map(([uuid, name]) => [name, uuid]));
  const renamed = new Map<string, string>();
  for (const { name, names } of uuidOf.size === 0 ? [] : earlier) {
    if (uuidOf.has(name)) continue;
    const uuid = names.map((before) => uuidOf.get(before)).find((found) => found !== undefined && !renamed.has(found));
    if (uuid !== undefined) renamed.set(uuid, name);
  }
  return renamed;
}
