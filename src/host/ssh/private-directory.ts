import { mkdtempSync, readdirSync, realpathSync, rmdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { isSafeDirectory } from "./is-safe-directory.ts";

/** A directory that has been empty for so long is abandoned: making a connection takes a minute at most. */
const abandonedAfterMs = 600_000;

/** Makes a directory for the sockets of connections. Also removes those of killed processes, whose sockets are gone with their connections. */
export function makePrivateDirectory(): string {
  const parent = shortTemporary();
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith("virtform-ssh-"))) {
    try {
      if (Date.now() - statSync(`${parent}/${name}`).mtimeMs > abandonedAfterMs) rmdirSync(`${parent}/${name}`);
    } catch {
      // In use, or owned by another user.
    }
  }
  return mkdtempSync(`${parent}/virtform-ssh-`);
}

/** A socket's path may have about a hundred characters. Behind sudo, XDG_RUNTIME_DIR can be the directory of another user. */
function shortTemporary(): string {
  const own = process.env["XDG_RUNTIME_DIR"];
  return [own, tmpdir(), "/tmp"].find((path) => path !== undefined && path.length < 60 && isSafe(path)) ?? "/tmp";
}

function isSafe(path: string): boolean {
  try {
    return isSafeDirectory(realpathSync.native(path));
  } catch {
    return false;
  }
}
