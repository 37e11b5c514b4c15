import { ownsSource } from "../../drivers/index.ts";
import type { Change } from "../../model/change.ts";
import { UserError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { isUp } from "../power/is-up.ts";
import { startAgain, stopDomain, type VolumeHolder } from "../power/plan.ts";
import { type GuestAddress, type GuestState, guests } from "../terms/guest-address.ts";
import { volumes } from "../terms/volume-address.ts";
import { isGuestNamed } from "./is-guest-named.ts";
import { refuseOtherNames } from "./refuse-other-names.ts";
import { describeDomain } from "./state.ts";
import { storedRef } from "./stored-ref.ts";
import { volumeHolders } from "./volume-holders.ts";

/**
 * Changes that start guests of ours which are off, or shut down those that run, each with its stored definition. Nothing else about them
 * changes. A guest that is already as wanted has no change. Throws a UserError for a name that is not that of a guest, and for a guest that is paused and is to be started.
 */
export function switchChanges(observed: Observed, names: readonly string[], to: "running" | "stopped"): Change[] {
  refuseOtherNames(names, observed);
  // One that is not adopted yet is not ours.
  const own = observed.of(guests).filter(([, { label }]) => label !== undefined);
  const named = own.filter(([address]) => names.some((name) => isGuestNamed(address, name)));
  const paused = to === "running" ? named.filter(([, { power }]) => isUp(power) && power !== "running") : [];
  if (paused.length > 0) throw new UserError(paused.map(([address, { power }]) => notOff(address, power)));
  return named
    .filter(([, { power }]) => isUp(power) !== (to === "running"))
    .map(([address, guest]) => switchOne(address, guest, to, observed));
}

function switchOne(address: GuestAddress, guest: GuestState, to: "running" | "stopped", observed: Observed): Change {
  const ref = storedRef(guest);
  const before = describeDomain(guest) as Readonly<Record<string, Json>>;
  return {
    address,
    verb: "update",
    cause: "config",
    reason: to === "running" ? "its start was requested" : "its shutdown was requested",
    fields: [{ path: "power_state", old: before["power_state"] ?? null, new: to }],
    actions: [to === "running" ? startAgain(ref, holdersOf(guest, observed)) : stopDomain(ref)],
    before,
    after: { ...before, power_state: to },
  };
}

/** Other guests that run with volumes of this guest, which they did not release. */
function holdersOf({ uuid, disks }: GuestState, observed: Observed): VolumeHolder[] {
  const all = observed.of(volumes).map(([, volume]) => volume);
  const attached = Object.values(disks).filter((source) => all.some((volume) => ownsSource(source, volume)));
  return volumeHolders(uuid, new Set(attached), observed);
}

function notOff(address: GuestAddress, power: GuestState["power"]) {
  return problem("guest-is-paused", {
    summary: `${address} is ${power}`,
    detail:
      "It cannot be started, because it was not shut down. `virtform apply` resumes a guest that should be running; `virtform restart` shuts it down and starts it.",
    address,
  });
}
