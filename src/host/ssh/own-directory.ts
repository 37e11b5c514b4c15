import { lstatSync, mkdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { isSafeDirectory } from "./is-safe-directory.ts";

/**
 * A directory that only this user may use, for the sockets of connections that stay: below the runtime directory, else below the cache. It is made
 * where it is missing. Undefined where another user could take the place of one on the way to it: who connects to a socket trusts what answers.
 */
export function ownDirectory(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { XDG_RUNTIME_DIR: runtime = "", XDG_CACHE_HOME: cache = "" } = environment;
  return madeBelow(runtime, ["virtform"]) ?? madeBelow(cache || `${homedir()}/.cache`, ["virtform", "ssh"]);
}

function madeBelow(parent: string, names: readonly string[]): string | undefined {
  if (!parent.startsWith("/")) return undefined;
  try {
    let path = realpathSync.native(parent);
    if (!isSafeDirectory(path)) return undefined;
    for (const name of names) {
      path = `${path}/${name}`;
      make(path);
    }
    const { uid, mode } = lstatSync(path);
    return isSafeDirectory(path) && uid === process.getuid?.() && (mode & 0o077) === 0 ? path : undefined;
  } catch {
    return undefined;
  }
}

function make(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another run of this user makes it as well.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
