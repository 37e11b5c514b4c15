import { RefusedError } from "../../model/errors.ts";
import type { DomainRef } from "../power/plan.ts";

/** The error for a guest that others paused: no plan said that it is resumed. */
export function pausedMeanwhile({ instance }: Pick<DomainRef, "instance">): RefusedError {
  return new RefusedError(
    "guest-paused",
    `${instance} was started and paused after the plan to start it was made. It stays paused.`,
    "Apply again: the next plan says that it is resumed.",
  );
}
