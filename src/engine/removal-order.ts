import type { Change } from "../model/change.ts";
import type { PlannedAction } from "../model/plan.ts";

/**
 * The changes with removals last, in the order in which things go: a guest before its disks, those before the base image
 * that backs them. Removals without actions come first among them. Everything else keeps its place.
 */
export function removalsInOrder(changes: readonly Change[], actions: readonly PlannedAction[]): Change[] {
  const place = new Map(actions.map(({ id }, index) => [id, index]));
  const turn = ({ actions: own }: Change) => (own.length === 0 ? -1 : Math.min(...own.map(({ id }) => place.get(id) ?? 0)));
  const removals = changes.filter(({ verb }) => verb === "delete").sort((one, other) => turn(one) - turn(other));
  return [...changes.filter(({ verb }) => verb !== "delete"), ...removals];
}
