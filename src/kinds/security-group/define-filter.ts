import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { shellWord } from "../../model/shell-word.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { errorCodes, isRefusal } from "../../tools/libvirt/libvirt-error.ts";

/** Pauses between the tries, about half a minute together. Each try itself waits until libvirt has written the rules of all guests. */
const pausesMs = [250, 500, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000];

/**
 * Defines a filter. libvirt writes the rules of every filtered guest of the host again when a filter changes; if a guest starts or stops meanwhile, its
 * device is missing, and libvirt 9 takes the change back without a reason. Such a refusal is tried again; a RefusedError after the last try.
 * `pause` waits for milliseconds.
 */
export async function defineFilter(
  context: Context,
  filter: string,
  xml: string,
  pause: (ms: number) => Promise<unknown> = (ms) => sleep(ms, undefined, { signal: context.signal }),
): Promise<void> {
  const libvirt = libvirtOf(context);
  for (const ms of [...pausesMs, null]) {
    try {
      return await libvirt.defineFilter(filter, xml);
    } catch (error) {
      if (!isWithoutCause(error)) throw error;
      if (ms === null) throw busy(filter);
      await pause(ms);
    }
  }
}

/** libvirt failed without a reason: an internal error that names no part of libvirt. */
function isWithoutCause(error: unknown): boolean {
  return isRefusal(error, errorCodes.internalError) && error.domain === 0;
}

function busy(filter: string): RefusedError {
  const summary = `libvirt did not change the network filter ${filter}, and names no cause`;
  const detail = `The filter is as it was. The usual cause is another guest with filters that starts or stops while libvirt writes the rules: wait until such work on the host has ended, then apply again. Otherwise try it by hand: virsh nwfilter-edit ${shellWord(filter)}; the log of libvirt has more (journalctl -u libvirtd).`;
  return new RefusedError("filter-busy", summary, detail);
}
