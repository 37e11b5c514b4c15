import type { Action } from "../../../model/action.ts";
import type { Observed } from "../../../model/observed.ts";
import { adjustDomain, releaseDevices } from "../../power/plan.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { type LivePlan, type LiveStep, subjectOf } from "../live/plan.ts";
import { holdersOf } from "./holders-of.ts";

/** What is done to a guest that runs. A device goes before others come: it may be in the place of one. */
export function liveActions(want: DomainSpec, { steps }: LivePlan, observed: Observed): Action[] {
  const [leaving, rest] = [steps.filter((step) => step.do === "detach"), steps.filter((step) => step.do !== "detach")];
  const words = (of: readonly LiveStep[]) => of.map(subjectOf).join(", ");
  return [
    ...(leaving.length === 0 ? [] : [releaseDevices(want, leaving, words(leaving))]),
    ...(rest.length === 0 ? [] : [adjustDomain(want, rest, words(rest), holdersOf(want, observed))]),
  ];
}
