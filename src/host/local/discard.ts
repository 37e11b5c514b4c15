import { unlinkSync } from "node:fs";

/**
 * Removes what a failed operation left at a staged name. Errors are ignored: they would hide the error of the operation, and the next run
 * removes leftovers. Not `rmSync`: the errors of Node 24's have no code.
 */
export function discard(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is absent, or stays for the next run.
  }
}
