import { lstatSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Whether only this user and root can replace a directory or one above it: who connects to a socket in it trusts what answers. `path` has no links but its
 * last part, which is not followed. Throws the error of the file system for one that does not exist.
 */
export function isSafeDirectory(path: string): boolean {
  const found = lstatSync(path);
  const isOurs = found.uid === process.getuid?.() || found.uid === 0;
  // In a sticky directory, such as /tmp, only owners rename.
  const isGuarded = (found.mode & 0o022) === 0 || (found.mode & 0o1000) !== 0;
  if (!found.isDirectory() || !isOurs || !isGuarded) return false;
  return path === "/" || isSafeDirectory(dirname(path));
}
