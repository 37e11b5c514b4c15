import type { Context } from "../../model/context.ts";
import { perHost } from "../../model/per-host.ts";
import type { LogicalVolume } from "../../tools/lvm-output.ts";

const looksOf = perHost(() => new Map<string, ReadonlySet<string>>());

/** Keeps which names of a group were taken at a look. */
export function keepTaken({ host }: Pick<Context, "host">, group: string, found: readonly LogicalVolume[]): void {
  looksOf(host).set(group, new Set(found.map(({ name }) => name)));
}

/**
 * Whether any of these names was taken when the group was last looked at; undefined when it was not looked at yet. Creating a
 * volume under a free name is tried without another look, which costs as much as creating one: LVM itself refuses a
 * name that was taken since.
 */
export function wasTaken({ host }: Pick<Context, "host">, group: string, names: readonly string[]): boolean | undefined {
  const taken = looksOf(host).get(group);
  return taken === undefined ? undefined : names.some((name) => taken.has(name));
}
