import type { DomainPower, StateReason } from "./face.ts";

/**
 * A libvirt domain state by its number (Nova DOM-10). A guest that is just shutting down (4) counts as running, unlike in Nova:
 * it cannot be started until it is off. An unknown state counts as running too: nothing is started or reported as stopped on a
 * guess.
 */
export function domainPower(state: number): DomainPower {
  if (state === 3) return "paused";
  if (state === 5) return "stopped";
  if (state === 6) return "crashed";
  return state === 7 ? "suspended" : "running";
}

/** Reasons by state and number, as libvirt-domain.h lists them. */
const reasons: Readonly<Record<number, readonly StateReason[]>> = {
  1: [
    "unknown",
    "booted",
    "migrated",
    "restored",
    "from-snapshot",
    "unpaused",
    "migration-canceled",
    "save-canceled",
    "wakeup",
    "crashed",
    "postcopy",
    "postcopy-failed",
  ],
  3: [
    "unknown",
    "user",
    "migration",
    "save",
    "dump",
    "io-error",
    "watchdog",
    "from-snapshot",
    "shutting-down",
    "snapshot",
    "crashed",
    "starting-up",
    "postcopy",
    "postcopy-failed",
  ],
  4: ["unknown", "user"],
  5: ["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot", "daemon"],
  6: ["unknown", "panicked"],
};

/** Why a domain is in a state, by the numbers of state and reason. */
export function stateReason(state: number, reason: number): StateReason {
  return reasons[state]?.[reason] ?? "unknown";
}
