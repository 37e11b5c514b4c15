import type { DomainPower, Libvirt, StateReason } from "../../tools/libvirt/libvirt.ts";

/**
 * Waits until a domain has one of the wanted states and returns it; undefined after the time limit, and when `onSeen` says that the
 * state will not come. A domain that does not exist counts as stopped. Throws what the signal was aborted with.
 */
export async function waitForPower(
  libvirt: Libvirt,
  uuid: string,
  wanted: readonly DomainPower[],
  options: {
    readonly withinMs: number;
    readonly signal: AbortSignal;
    readonly onSeen?: (power: DomainPower, reason: StateReason) => "hopeless" | undefined;
  },
): Promise<DomainPower | undefined> {
  const deadline = performance.now() + options.withinMs;
  using watch = libvirt.watch(uuid);
  for (;;) {
    options.signal.throwIfAborted();
    const { power = "stopped", reason = "unknown" } = (await libvirt.power(uuid)) ?? {};
    if (wanted.includes(power)) return power;
    if (options.onSeen?.(power, reason) === "hopeless") return undefined;
    const left = deadline - performance.now();
    if (left <= 0) return undefined;
    await watch.next(left, options.signal);
  }
}
