import type { Address } from "../model/address.ts";
import { addressKind } from "../model/address.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { AnyKind, Observed } from "../model/kind.ts";
import type { Plan } from "../model/plan.ts";
import { problem } from "../model/problem.ts";
import { fingerprint } from "./fingerprint.ts";

/** What happened to an object between two looks, in words that follow its address. */
interface Moved {
  readonly address: Address;
  readonly what: "is gone" | "has appeared" | "has changed";
}

/** Whether everything that the plan is about could be read: all, or all but what could not be read when it was made and is left out. */
export function isSeenFor(plan: Plan, { complete, unread }: Observed): boolean {
  const known = new Set<string>(plan.unread ?? []);
  return complete || (unread.length > 0 && unread.every((address) => known.has(address)));
}

/** An error for each object that is no longer as it was when the plan was saved; empty when the plan still holds. */
export function findStale<Config>(plan: Plan, kinds: readonly AnyKind<Config>[], observed: Observed): Diagnostic[] {
  return findMoved(plan.basis, basisOf(kinds, observed)).map(({ address, what }) =>
    problem("stale-plan", {
      summary: `The saved plan no longer fits: ${address} ${what}`,
      detail: "The host has changed since the plan was saved. Nothing has been done. Make a new plan, read it, and apply that one.",
      address,
    }),
  );
}

/** Digests of everything that was observed, by address. */
export function basisOf<Config>(kinds: readonly AnyKind<Config>[], observed: Observed): Readonly<Record<string, string>> {
  const kindOf = new Map(kinds.flatMap((kind) => kind.addressKinds.map((name) => [name, kind] as const)));
  return Object.fromEntries(
    [...observed.states].flatMap(([address, state]) => {
      const kind = kindOf.get(addressKind(address));
      return kind === undefined ? [] : [[address, fingerprint(kind.describe(state))]];
    }),
  );
}

/** The objects that differ between two looks. */
export function findMoved(then: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): Moved[] {
  const addresses = [...new Set([...Object.keys(then), ...Object.keys(now)])] as Address[];
  return addresses.flatMap((address): Moved[] => {
    const [before = "absent", after = "absent"] = [then[address], now[address]];
    if (before === after) return [];
    return [{ address, what: after === "absent" ? "is gone" : before === "absent" ? "has appeared" : "has changed" }];
  });
}
