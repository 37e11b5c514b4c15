import type { Action } from "../../model/action.ts";
import type { Change } from "../../model/change.ts";
import type { Json } from "../../model/json.ts";
import type { DomainState } from "../terms/domain-state.ts";
import type { GuestAddress } from "../terms/guest-address.ts";
import { describeDomain } from "./state.ts";

/** The change of a guest with which an earlier apply did not get to its end. `mark`: the part of its description that is gone after `step`. */
export function unfinishedChange(
  address: GuestAddress,
  have: DomainState,
  { reason, step, mark }: { readonly reason: string; readonly step: Action; readonly mark: string },
): Change {
  const before = describeDomain(have) as Readonly<Record<string, Json>>;
  const { [mark]: _mark, ...after } = before;
  return { address, verb: "update", cause: "config", unfinished: true, reason, fields: [], actions: [step], before, after };
}
