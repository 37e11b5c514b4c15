import type { Context } from "../../model/context.ts";
import { UserError } from "../../model/errors.ts";
import { leftoverOf, stagedTemplateOf } from "../../model/layout.ts";
import { isEntryName } from "./base-files.ts";
import { withBaseLock } from "./base-lock.ts";
import { findAllUsers } from "./base-users.ts";

/**
 * Removes what interrupted fetches left behind: staged files, sidecars whose base never came, staged templates. What
 * somebody is making right now is left alone, by whether its lock is held.
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
    // Somebody is at work on it.
    if (!(error instanceof UserError) || error.diagnostics[0]?.code !== "locked") throw error;
  }
}

/** Between the look and the lock a fetch may have come to its end; and of a lost base that disks stand on, the sidecar alone tells what it was. */
async function isNeeded(context: Context, entry: string): Promise<boolean> {
  if ((await context.host.files.stat(context.layout.baseImage(entry))) !== undefined) return true;
  return (await findAllUsers(context, entry)).length > 0;
}
