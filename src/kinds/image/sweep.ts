import type { Context } from "../../model/context.ts";
import { UserError } from "../../model/errors.ts";
import { leftoverOf, stagedTemplateOf } from "../../model/layout.ts";
import { isEntryName } from "./base-files.ts";
import { withBaseLock } from "./base-lock.ts";
import { findAllUsers } from "./base-users.ts";

/**
 * Removes leftovers of interrupted fetches: staged files, sidecars without a base image, staged templates. An entry whose lock is held is
 * skipped: it is being made.
 */
export async function sweepLeftovers(context: Context): Promise<void> {
  const { host, layout } = context;
  const names = (await host.files.list(layout.base)).map((file) => file.name);
  const whole = new Set(names.filter(isEntryName));
  const leftovers = new Map<string, string[]>();
  const add = (entry: string | undefined, path: string) => {
    if (entry !== undefined) leftovers.set(entry, [...(leftovers.get(entry) ?? []), path]);
  };
  for (const name of names) {
    const found = leftoverOf(name);
    if (found !== undefined && !(found.sidecar && whole.has(found.entry))) add(found.entry, `${layout.base}/${name}`);
  }
  for (const { name } of await host.files.list(layout.templates)) add(stagedTemplateOf(name), `${layout.templates}/${name}`);
  if (leftovers.size === 0) return;
  await host.files.makeDirectory(layout.locks);
  for (const [entry, paths] of leftovers) await sweepEntry(context, entry, paths);
}

async function sweepEntry(context: Context, entry: string, paths: readonly string[]): Promise<void> {
  const { files } = context.host;
  const sweep = async () => {
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
