import type { Change } from "../../model/change.ts";
import type { Json } from "../../model/json.ts";
import { waitForGuest } from "../power/plan.ts";
import type { DomainState } from "../terms/domain-state.ts";
import type { GuestAddress } from "../terms/guest-address.ts";
import { waitedFor } from "../terms/guest-wait.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { describeDomain } from "./state.ts";

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
  const before = have === undefined ? null : describeDomain(have);
  const { ready: _ready, ...after } = before as Readonly<Record<string, Json>>;
  return {
    address,
    verb: "update",
    cause: "config",
    unfinished: true,
    reason: `the last apply did not see it ready (${waitedFor(waitFor)})`,
    fields: [],
    actions: [wait],
    before,
    after,
  };
}
