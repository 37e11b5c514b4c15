import { isUp } from "../../power/is-up.ts";
import type { DomainState } from "../../terms/domain-state.ts";

/** Whether a guest has memory that belongs to its disks and its definition. */
export function activityOf({ power }: DomainState) {
  return { running: isUp(power), saved: power === "saved" };
}
