import type { Context } from "../model/context.ts";
import { userError } from "../model/errors.ts";
import { libvirtOf } from "../tools/libvirt/libvirt.ts";

/** Longest time between two looks at a domain, in milliseconds. libvirt reports a start at once. */
const lookMs = 30_000;

/**
 * Does work that needs domains to be off, and ends it with a UserError (`instance-disk-in-use`) when one of them is started meanwhile: only files are kept
 * from a start by qemu's own lock. `what`: the disk that the work reads.
 */
export async function whileOff<T>(
  context: Context,
  uuids: readonly string[],
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const libvirt = libvirtOf(context);
  const [started, done] = [new AbortController(), new AbortController()];
  const refuseStarted = async (uuid: string) => {
    const standing = await libvirt.power(uuid);
    if (standing === undefined || standing.power === "stopped") return;
    throw userError(
      "instance-disk-in-use",
      `A guest was started while ${what} was copied`,
      "The copy would not be consistent, and was removed. Shut the guest down and apply again.",
    );
  };
  const follow = async (uuid: string) => {
    using watch = libvirt.watch(uuid);
    for (;;) {
      await refuseStarted(uuid);
      await watch.next(lookMs, done.signal);
    }
  };
  const following = uuids.map((uuid) =>
    follow(uuid).catch((error: unknown) => {
      if (!done.signal.aborted) started.abort(error);
    }),
  );
  try {
    const result = await work(AbortSignal.any([context.signal, started.signal]));
    started.signal.throwIfAborted();
    for (const uuid of uuids) await refuseStarted(uuid);
    return result;
  } catch (error) {
    // A program that is stopped for that says only that it was stopped.
    started.signal.throwIfAborted();
    throw error;
  } finally {
    done.abort();
    await Promise.all(following);
  }
}
