import type { DomainState } from "./domain-state.ts";

/** Sources of the disks of a guest: of its stored definition, and of what it runs with, which it may not have released yet. */
export function guestSources({ disks, active }: Pick<DomainState, "disks" | "active">): ReadonlySet<string> {
  const running = Object.entries(active ?? {}).flatMap(([path, value]) => (/^disks\.[^.]+\.source$/.test(path) ? [String(value)] : []));
  return new Set([...Object.values(disks), ...running]);
}
