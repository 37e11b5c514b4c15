import type { Context } from "../../model/context.ts";
import { perHost } from "../../model/per-host.ts";

/** How long a disk waits while its base is fetched or removed. */
const lockTimeoutMs = 10 * 60_000;

interface Lease {
  users: number;
  /** Aborted when the lock is lost. */
  lost?: AbortSignal;
  /** Resolves when the lock is held. */
  readonly taken: Promise<void>;
  /** Gives the lock back. */
  readonly release: () => void;
  /** Resolves when the lock has been given back. */
  readonly ended: Promise<void>;
}

const leasesOf = perHost(() => new Map<string, Lease>());

/**
 * Runs `work` while the base image of an entry is locked against removal: from looking at the base until a disk that it backs has its
 * name (Nova QCOW-08). All disks that this process makes on one base at the same time share one lock, so they do not wait
 * for one another.
 */
export async function withBase<T>(context: Context, entry: string, work: () => Promise<T>): Promise<T> {
  const leases = leasesOf(context.host);
  const path = context.layout.lock(`nova-${entry}`);
  const lease = leases.get(path) ?? take(context, path);
  leases.set(path, lease);
  lease.users += 1;
  try {
    await lease.taken;
    const result = await work();
    // The base may be gone from below what has just been made.
    lease.lost?.throwIfAborted();
    return result;
  } finally {
    lease.users -= 1;
    if (lease.users === 0) {
      leases.delete(path);
      lease.release();
      await lease.ended.catch(() => undefined);
    }
  }
}

function take(context: Context, path: string): Lease {
  const released = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const request = { path, purpose: "disk on a base image", withFile: true as const, timeoutMs: lockTimeoutMs, signal: context.signal };
  const hold = async (lost: AbortSignal) => {
    lease.lost = lost;
    taken.resolve();
    await released.promise;
  };
  const ended = context.host.lock(request, hold);
  ended.catch(taken.reject);
  // A failure reaches the waiters; a lease without waiters must not end the process.
  taken.promise.catch(() => undefined);
  const lease: Lease = { users: 0, taken: taken.promise, release: released.resolve, ended };
  return lease;
}
