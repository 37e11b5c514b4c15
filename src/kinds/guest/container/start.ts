import { setTimeout as pause } from "node:timers/promises";
import type { Libvirt } from "../../../tools/libvirt/libvirt.ts";
import { errorCodes, errorDomains, isRefusal } from "../../../tools/libvirt/libvirt-error.ts";

/** Pauses before further attempts, in milliseconds. */
const pauses = [150, 400, 900];

/**
 * Starts a container. libvirt looks for a free loop device and then takes it, so of several that start at the same time some find theirs
 * taken: a start that fails within libvirt is tried again.
 */
export async function startContainer(libvirt: Pick<Libvirt, "start">, uuid: string, signal: AbortSignal): Promise<void> {
  for (const next of [...pauses, null]) {
    try {
      return await libvirt.start(uuid);
    } catch (error) {
      if (next === null || !isRefusal(error, errorCodes.internalError) || error.domain !== errorDomains.lxc) throw error;
      // Not the same time for those that failed together.
      await pause(next * (1 + Math.random()), undefined, { signal });
    }
  }
}
