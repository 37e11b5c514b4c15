import type { Address } from "../model/address.ts";
import type { Change } from "../model/change.ts";
import { addressOfFact } from "../model/fact.ts";
import type { BesideUnread, Guard, Refusal } from "../model/kind.ts";
import { instanceOf } from "../model/presentation.ts";
import { harmsUnreadInstance } from "./beside-instances.ts";
import { allowedBeside, touchesUnread } from "./beside-shared.ts";
import { kindsWithUsers, usersOf } from "./unread-users.ts";

/**
 * Refuses changes that need objects which cannot be read, and those that could harm them. What a guest uses is in its label and its definition: beside a
 * guest that cannot be read, only listed types of actions are allowed, which concern nothing that it could use. What uses a volume, a network, a security
 * group or an image in Glance is known, and is left as it is.
 */
export const guardUnread: Guard = {
  shared: kindsWithUsers,
  refused: (run) => {
    const parts = run.observed.unread.filter((address) => instanceOf(address) !== undefined);
    const shared = run.observed.unread
      .filter((address) => instanceOf(address) === undefined)
      .map((address) => ({ address, users: usersOf(address, run) }));
    return run.changes.flatMap((change) => [
      ...(parts.length === 0 ? [] : refusedBesideInstances(change, parts, run)),
      ...shared.flatMap(({ address, users }) => refusedBeside(change, address, users)),
    ]);
  },
};

function refusedBesideInstances(change: Change, parts: readonly Address[], { observed }: BesideUnread): Refusal[] {
  const { address, actions } = change;
  const beside = [...new Set(parts.flatMap((part) => instanceOf(part) ?? []))];
  const needed = actions.flatMap((action) => [action.address, ...action.needs.map(addressOfFact)]);
  if (beside.includes(instanceOf(address) ?? "") || needed.some((one) => parts.includes(one)))
    return [{ address, beside, needs: true, why: `it needs an object of ${beside.join(", ")}` }];
  const why = harmsUnreadInstance(change, observed);
  return why === undefined ? [] : [{ address, beside, needs: false, why }];
}

function refusedBeside(change: Change, unread: Address, users: ReadonlySet<string>): Refusal[] {
  const { address, actions } = change;
  const why = touchesUnread(unread, users, change);
  if (why !== undefined) return [{ address, beside: [unread], needs: true, why }];
  const step = actions.find(({ type }) => !allowedBeside(unread).has(type));
  if (step === undefined) return [];
  return [{ address, beside: [unread], needs: false, why: `its step "${step.summary}" may remove what ${unread} uses` }];
}
