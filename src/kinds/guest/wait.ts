import { setTimeout as sleep } from "node:timers/promises";
import type { DomainPower, Libvirt } from "../../tools/libvirt/libvirt.ts";

/** Nova BLD-17. */
const pollMs = 500;

/**
 * Waits until a domain has one of the wanted states and gives it; undefined when the time is up. A domain that is not
 * there counts as stopped. Throws what the signal was aborted with.
 */
export async function waitForPower(
  libvirt: Libvirt,
  uuid: string,
  wanted: readonly DomainPower[],
  options: { readonly withinMs: number; readonly signal: AbortSignal; readonly onSeen?: (power: DomainPower) => void },
): Promise<DomainPower | undefined> {
  const deadline = performance.now() + options.withinMs;
  for (;;) {
    options.signal.throwIfAborted();
    const power = (await libvirt.domain(uuid))?.power ?? "stopped";
    options.onSeen?.(power);
    if (wanted.includes(power)) return power;
    const left = deadline - performance.now();
    if (left <= 0) return undefined;
    await sleep(Math.min(pollMs, left), undefined, { signal: options.signal });
  }
}
