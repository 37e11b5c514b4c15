import type { Change } from "../../model/change.ts";
import { waitForGuest } from "../power/plan.ts";
import type { DomainState } from "../terms/domain-state.ts";
import type { GuestAddress } from "../terms/guest-address.ts";
import { waitedFor } from "../terms/guest-wait.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { unfinishedChange } from "./unfinished-change.ts";

/** The change of a guest with the step that waits until it is ready: after a start, and for one that runs and was not waited for to the end. */
export function withWait(
  change: Change | undefined,
  address: GuestAddress,
  want: DomainSpec,
  have: DomainState | undefined,
): Change | undefined {
  const { waitFor } = want;
  if (waitFor === undefined) return change;
  const does = (...types: readonly string[]) => change?.actions.some(({ type }) => types.includes(type)) === true;
  const goesOn =
    have?.unready === true &&
    ((have.power === "running" && !does("domain.stop")) || does("domain.plug", "domain.resume", "domain.restore"));
  if (does("domain.wait") || !(does("domain.start") || goesOn)) return change;
  const wait = waitForGuest(want, waitFor);
  if (change !== undefined) return { ...change, actions: [...change.actions, wait] };
  // A guest that does not exist has a change.
  if (have === undefined) return undefined;
  return unfinishedChange(address, have, {
    reason: `the last apply did not see it ready (${waitedFor(waitFor)})`,
    step: wait,
    mark: "ready",
  });
}
