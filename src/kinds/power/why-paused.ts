import type { DomainPower, StateReason } from "../../tools/libvirt/libvirt.ts";

/** Why a guest is paused, where it was not paused by a person or a program but cannot go on; in words after "by". */
const troubles: Partial<Record<StateReason, string>> = {
  "io-error": "an I/O error of a disk, such as no space",
  watchdog: "its watchdog",
  crashed: "its crash",
  "postcopy-failed": "a failed migration",
};

/** What keeps a paused guest from running, in words: `an I/O error of a disk, such as no space`; null when nothing does or it is not paused. */
export function whyPaused({ power, reason }: { readonly power: DomainPower; readonly reason: StateReason }): string | null {
  return power === "paused" ? (troubles[reason] ?? null) : null;
}
