import type { Address } from "../model/address.ts";
import { addressKind } from "../model/address.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { AnyKind, Observed } from "../model/kind.ts";
import type { Plan } from "../model/plan.ts";
import { problem } from "../model/problem.ts";
import { fingerprint } from "./fingerprint.ts";

/** An error for each object that is no longer as it was when the plan was made; empty when the plan still holds. */
export function findStale<Config>(plan: Plan, kinds: readonly AnyKind<Config>[], observed: Observed): Diagnostic[] {
  const kindOf = new Map(kinds.flatMap((kind) => kind.addressKinds.map((name) => [name, kind] as const)));
  const addresses = new Set([...Object.keys(plan.basis), ...observed.states.keys()]) as Set<Address>;
  const stale: Diagnostic[] = [];
  for (const address of addresses) {
    const state = observed.states.get(address);
    const kind = kindOf.get(addressKind(address));
    if (kind === undefined) continue;
    const now = state === undefined ? "absent" : fingerprint(kind.describe(state));
    const then = plan.basis[address] ?? "absent";
    if (now === then) continue;
    const what = now === "absent" ? "is gone" : then === "absent" ? "has appeared" : "has changed";
    stale.push(
      problem("stale-plan", {
        summary: `The saved plan no longer fits: ${address} ${what}`,
        detail: "The host has changed since the plan was saved. Nothing has been done. Make a new plan, read it, and apply that one.",
        address,
      }),
    );
  }
  return stale;
}
