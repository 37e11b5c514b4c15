import type { Action } from "../../model/action.ts";
import type { Change } from "../../model/change.ts";
import { plugGuest, startPaused } from "../power/plan.ts";
import type { DomainState } from "../terms/domain-state.ts";
import type { GuestAddress } from "../terms/guest-address.ts";
import { leftPaused, type Plugging } from "../terms/plugging.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { unfinishedChange } from "./unfinished-change.ts";

/** A guest for which no condition is left is resumed at once. */
const nothing: Plugging = { seconds: 0, fatal: false, interfaces: [] };

/**
 * The change of a guest whose interfaces have to be ready before it runs: its start is a paused one, and the step that waits and resumes it follows.
 * The same step goes on with a guest that an earlier apply paused and did not resume, as the mark in its label says; nothing else that is paused gets it.
 * `restarted`: changes of its disks shut it down and start it.
 */
export function withPlugging(
  change: Change | undefined,
  address: GuestAddress,
  want: DomainSpec,
  have: DomainState | undefined,
  restarted: boolean,
): Change | undefined {
  const { plugging } = want;
  const isMarked = have?.plugging === true;
  if (plugging === undefined && !isMarked) return change;
  const does = (...types: readonly string[]) => change?.actions.some(({ type }) => types.includes(type)) === true;
  const plug = (conditions: Plugging | undefined) => plugGuest(want, conditions ?? nothing);
  const replaced = (of: Change, type: string, by: (action: Action) => readonly Action[]): Change => ({
    ...of,
    actions: of.actions.flatMap((action) => (action.type === type ? by(action) : [action])),
  });
  if (change !== undefined && does("domain.start")) {
    // Changes of disks have both steps as well: what two changes share is one action.
    if (does("domain.plug") || plugging === undefined) return change;
    return replaced(change, "domain.start", (start) => [startPaused(start, address), plug(plugging)]);
  }
  // A start ends the record, and so does the restore of memory that was saved: it belongs to a guest whose interfaces it had then.
  if (have === undefined || !isMarked || restarted || does("domain.stop", "domain.restore")) return change;
  if (change !== undefined && does("domain.resume")) return replaced(change, "domain.resume", () => [plug(plugging)]);
  if (have.power !== "paused" && have.power !== "running") return change;
  const step = have.power === "paused" ? plug(plugging) : { ...plug(undefined), summary: "remove the record of the paused start" };
  if (change !== undefined) return { ...change, actions: [...change.actions, step] };
  const reason = have.power === "paused" ? leftPaused : "it runs, and is still recorded as waiting for its interfaces";
  return unfinishedChange(address, have, { reason, step, mark: "plugged" });
}
