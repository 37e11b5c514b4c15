import type { DomainPower, Libvirt } from "../../tools/libvirt/libvirt.ts";

/**
 * Waits until a domain has one of the wanted states and returns it; undefined after the time limit. A domain that does not
 * exist counts as stopped. Throws what the signal was aborted with.
 */
export async function waitForPower(
  libvirt: Libvirt,
  uuid: string,
  wanted: readonly DomainPower[],
  options: { readonly withinMs: number; readonly signal: AbortSignal; readonly onSeen?: (power: DomainPower) => void },
): Promise<DomainPower | undefined> {
  const deadline = performance.now() + options.withinMs;
  using watch = libvirt.watch(uuid);
  for (;;) {
    options.signal.throwIfAborted();
    const power = (await libvirt.domain(uuid))?.power ?? "stopped";
    options.onSeen?.(power);
    if (wanted.includes(power)) return power;
    const left = deadline - performance.now();
    if (left <= 0) return undefined;
    await watch.next(left, options.signal);
  }
}
