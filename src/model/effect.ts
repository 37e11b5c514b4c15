/**
 * What an action does to a running guest, mildest first: nothing it could notice, noticed at once,
 * noticed at its next cold start, noticed because the same plan restarts the guest, the guest is restarted, the guest's disk is recreated.
 */
export type Effect = "none" | "live" | "next_boot" | "with_restart" | "restart" | "rebuild";

const order: readonly Effect[] = ["none", "live", "next_boot", "with_restart", "restart", "rebuild"];

/** The strongest of several effects; `none` for an empty list. */
export function strongestEffect(effects: Iterable<Effect>): Effect {
  let strongest: Effect = "none";
  for (const effect of effects) {
    if (order.indexOf(effect) > order.indexOf(strongest)) strongest = effect;
  }
  return strongest;
}
