import type { DomainState } from "./domain-state.ts";

/** Whether a guest of ours was made by other programs. */
export function isAdopted({ label }: Pick<DomainState, "label">): boolean {
  return label !== undefined && label.adopted !== null;
}
