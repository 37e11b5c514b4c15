import type { InstanceConfig } from "../config.ts";
import { ephemeralFileName } from "../terms/disk-name.ts";

/**
 * The file names of the ephemerals of an instance, in their order. A named one keeps the file that is recorded with its name; one that is new
 * gets a file that no other has. Unnamed ones are known by their position, and a name can be given to one or taken from it. `existing`: the
 * names that files of the instance are recorded with; empty for none. Pure.
 */
export function ephemeralFiles(
  { ephemerals = [] }: Pick<InstanceConfig, "ephemerals">,
  existing: Readonly<Record<string, string>> = {},
): readonly string[] {
  const declared = new Set(ephemerals.flatMap(({ name }) => name ?? []));
  const fileOf = new Map(Object.entries(existing).flatMap(([file, name]) => (declared.has(name) ? [[name, file] as const] : [])));
  const used = new Set(fileOf.values());
  const take = (file: string): string => {
    used.add(file);
    return file;
  };
  return ephemerals.map(({ name }, index) => {
    const known = name === undefined ? undefined : fileOf.get(name);
    if (known !== undefined) return known;
    const here = ephemeralFileName(index);
    const holder = existing[here];
    if (!used.has(here) && (holder === undefined || holder === "" || name === undefined)) return take(here);
    let number = 0;
    while (used.has(ephemeralFileName(number)) || existing[ephemeralFileName(number)] !== undefined) number += 1;
    return take(ephemeralFileName(number));
  });
}
