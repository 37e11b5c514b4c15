import { lstatSync, mkdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";

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
    if (!isSafe(path)) return undefined;
    for (const name of names) {
      path = `${path}/${name}`;
      make(path);
    }
    const { uid, mode } = lstatSync(path);
    return isSafe(path) && uid === process.getuid?.() && (mode & 0o077) === 0 ? path : undefined;
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

/** Whether only this user and root can replace a directory or one above it. `path` has no links but its last part, which is not followed. */
function isSafe(path: string): boolean {
  const found = lstatSync(path);
  const isOurs = found.uid === process.getuid?.() || found.uid === 0;
  // In a sticky directory, such as /tmp, only owners rename.
  const isGuarded = (found.mode & 0o022) === 0 || (found.mode & 0o1000) !== 0;
  if (!found.isDirectory() || !isOurs || !isGuarded) return false;
  return path === "/" || isSafe(dirname(path));
}
