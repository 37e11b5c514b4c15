import { type Change, combineCauses } from "../../model/change.ts";
import { UserError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { isUp } from "../power/is-up.ts";
import { renameDomain, startAgain, stopDomain } from "../power/plan.ts";
import { type GuestAddress, type GuestState, guests, named as namedAs } from "../terms/guest-address.ts";
import { isGuestNamed } from "./is-guest-named.ts";
import { pendingFields } from "./pending.ts";
import { refuseOtherNames } from "./refuse-other-names.ts";
import { describeDomain } from "./state.ts";
import { storedRef } from "./stored-ref.ts";

/** Which guests are restarted. */
export interface RestartRequest {
  /** Addresses or names of guests; empty for all. */
  readonly names: readonly string[];
  /** Only those that wait for a restart. */
  readonly pending: boolean;
}

/**
 * Changes that restart guests of ours that run: shut down, then start with the stored definition. Nothing else about them changes. Throws
 * a UserError when a name is not that of a guest, or a guest that is named does not run.
 */
export function restartChanges(observed: Observed, { names, pending }: RestartRequest): Change[] {
  refuseOtherNames(names, observed);
  const named = observed.of(guests).filter(([address]) => names.length === 0 || names.some((name) => isGuestNamed(address, name)));
  const off = named.filter(([, { power }]) => !isUp(power));
  if (names.length > 0 && !pending && off.length > 0) throw new UserError(off.map(([address, { power }]) => notUp(address, power)));
  return named.flatMap(([address, guest]) => {
    // One that is not adopted yet is not ours.
    if (!isUp(guest.power) || guest.label === undefined) return [];
    const holder = observed.of(guests).find(([, { name, uuid }]) => name === guest.label?.instance && uuid !== guest.uuid);
    const change = restart(address, guest, holder?.[0] ?? null);
    return pending && change.fields.length === 0 ? [] : [change];
  });
}

/** `holder`: the guest that libvirt has under the name of this one, which is renamed before it. */
function restart(address: GuestAddress, guest: GuestState, holder: GuestAddress | null): Change {
  const fields = pendingFields(guest).map((field) => ({ ...field, effect: "restart" as const }));
  const ref = storedRef(guest);
  const rename = renameDomain(ref);
  const inTurn = holder === null ? rename : { ...rename, needs: [...rename.needs, namedAs(holder)] };
  const before = describeDomain(guest) as Readonly<Record<string, Json>>;
  const { pending: _waits, ...after } = before;
  return {
    address,
    verb: "update",
    cause: combineCauses(fields.flatMap(({ cause }) => cause ?? [])),
    reason: fields.length === 0 ? "its restart was requested" : "it waits for a restart",
    fields,
    actions: [stopDomain(ref), ...(guest.name === ref.instance || ref.adopted ? [] : [inTurn]), startAgain(ref)],
    before,
    after: { ...after, ...Object.fromEntries(fields.map(({ path, new: stored }) => [path, stored ?? null])), power_state: "running" },
  };
}

function notUp(address: GuestAddress, power: GuestState["power"]) {
  return problem("guest-is-off", {
    summary: `${address} does not run`,
    detail: `It is ${power}, so there is nothing to restart. \`virtform apply\` starts a guest that should be running.`,
    address,
  });
}
