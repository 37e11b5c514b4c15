import { defineAction } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { UserError } from "../../model/errors.ts";
import { runningCopyOf } from "../../model/layout.ts";
import { endRunningCopy } from "../../sources/end-running-copy.ts";
import { withBaseLock } from "./base-lock.ts";
import { findAllUsers } from "./base-users.ts";
import { findLeftovers } from "./find-leftovers.ts";
import { leftoverGone } from "./leftover.ts";

/**
 * Removes leftovers of interrupted fetches: staged files, sidecars without a base image, staged templates. An entry whose lock is held is
 * skipped: it is being made.
 */
export async function sweepLeftovers(context: Context): Promise<void> {
  const { host, layout } = context;
  const leftovers = await findLeftovers(context, host.files.list(layout.base));
  if (leftovers.length === 0) return;
  for (const { entry, paths, writtenAt } of leftovers) {
    // The next fetch continues a partial download that has its record.
    const [part, record] = [layout.basePart(entry), layout.basePartRecord(entry)];
    const whole = (await host.files.stat(layout.baseImage(entry))) !== undefined;
    const keeps = !whole && paths.includes(record) && host.now().getTime() - writtenAt < partialMs;
    const removed = keeps ? paths.filter((path) => path !== part && path !== record) : paths;
    if (removed.length > 0) await sweepEntry(context, entry, removed);
  }
}

/** How long a partial download is kept for the next run. */
const partialMs = 24 * 3_600_000;

/** The same for the leftovers of one entry, as an action of a plan. */
export const removeLeftover = defineAction<{ readonly entry: string; readonly paths: readonly string[] }>(
  "leftover.remove",
  [leftoverGone],
  (context, { entry, paths }) => sweepEntry(context, entry, paths),
);

async function sweepEntry(context: Context, entry: string, paths: readonly string[]): Promise<void> {
  const { files } = context.host;
  const sweep = async () => {
    const part = context.layout.basePart(entry);
    if (paths.includes(runningCopyOf(part).record)) await endRunningCopy(context, part);
    const sidecar = context.layout.baseSidecar(entry);
    for (const path of paths) {
      if (path !== sidecar || !(await isNeeded(context, entry))) await files.remove(path);
    }
  };
  try {
    await withBaseLock(context, entry, "sweeping", sweep, 0);
  } catch (error) {
    // Another process works on the entry.
    if (!(error instanceof UserError) || error.diagnostics[0]?.code !== "locked") throw error;
  }
}

/** A fetch may have finished between the look and the lock, and the sidecar of a deleted base image records its digests for disks that need it. */
async function isNeeded(context: Context, entry: string): Promise<boolean> {
  if ((await context.host.files.stat(context.layout.baseImage(entry))) !== undefined) return true;
  return (await findAllUsers(context, entry)).length > 0;
}
