import type { Context } from "../../model/context.ts";
import { leftoverOf, stagedTemplateOf } from "../../model/layout.ts";
import { isEntryName } from "./base-files.ts";
import type { LeftoverState } from "./leftover.ts";

interface Entry {
  readonly name: string;
}

/** Files of interrupted fetches in the cache, by entry. The entry may be in the making: only its lock tells. `listing`: the entries of the cache. Read-only. */
export async function findLeftovers(
  { host, layout }: Context,
  listing: readonly Entry[] | Promise<readonly Entry[]>,
): Promise<readonly LeftoverState[]> {
  // Both at once: on a host elsewhere each turn is a round trip.
  const [listed, templates] = await Promise.all([listing, host.files.list(layout.templates)]);
  const whole = new Set(listed.map(({ name }) => name).filter(isEntryName));
  const found: { readonly entry: string; readonly path: string }[] = [];
  for (const { name } of listed) {
    const leftover = leftoverOf(name);
    if (leftover !== undefined && !(leftover.sidecar && whole.has(leftover.entry)))
      found.push({ entry: leftover.entry, path: `${layout.base}/${name}` });
  }
  for (const { name } of templates) {
    const entry = stagedTemplateOf(name);
    if (entry !== undefined) found.push({ entry, path: `${layout.templates}/${name}` });
  }
  if (found.length === 0) return [];
  const stats = await host.files.statMany(found.map(({ path }) => path));
  const leftovers = new Map<string, LeftoverState>();
  for (const [index, { entry, path }] of found.entries()) {
    const stat = stats[index];
    if (stat === undefined) continue;
    const known = leftovers.get(entry) ?? { kind: "leftover", entry, paths: [], allocated: 0, writtenAt: 0 };
    leftovers.set(entry, {
      ...known,
      paths: [...known.paths, path],
      allocated: known.allocated + stat.allocated,
      writtenAt: Math.max(known.writtenAt, stat.mtimeMs),
    });
  }
  return [...leftovers.values()];
}
