import { setTimeout as sleep } from "node:timers/promises";
import type { Libvirt } from "../../tools/libvirt/libvirt.ts";
import { errorCodes, errorDomains, isRefusal } from "../../tools/libvirt/libvirt-error.ts";

/** Pauses before further attempts, in milliseconds. */
const pausesMs = [150, 400, 900];

/** QEMU's words for the port of a display; libvirt has no number for it. */
const portTaken = /Failed to find an available port: Address already in use/;

/**
 * Starts a domain. libvirt chooses a free loop device for a container and a free port for a display, which another program can take before the
 * guest does: such a start is tried again. `pause` waits for milliseconds.
 */
export async function startDomain(
  libvirt: Pick<Libvirt, "start">,
  uuid: string,
  { paused, signal }: { readonly paused: boolean; readonly signal: AbortSignal },
  pause: (ms: number) => Promise<unknown> = (ms) => sleep(ms, undefined, { signal }),
): Promise<void> {
  for (const next of [...pausesMs, null]) {
    try {
      return await libvirt.start(uuid, { paused });
    } catch (error) {
      if (next === null || !isAboutTaken(error)) throw error;
      // Not the same time for those that failed together.
      await pause(next * (1 + Math.random()));
    }
  }
}

/** Of a container, libvirt says only that starting it failed. */
function isAboutTaken(error: unknown): boolean {
  return isRefusal(error, errorCodes.internalError) && (error.domain === errorDomains.lxc || portTaken.test(error.words));
}
