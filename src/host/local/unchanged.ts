import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { userError } from "../../model/errors.ts";

/** Throws a UserError (`file-changed`) when an open file is not as it was when its reading began: what was read may be of two versions. */
export async function expectUnchanged(file: FileHandle, before: Pick<Stats, "size" | "mtimeMs" | "ctimeMs">, path: string): Promise<void> {
  const after = await file.stat();
  if (after.size === before.size && after.mtimeMs === before.mtimeMs && after.ctimeMs === before.ctimeMs) return;
  throw fileChanged(path);
}

/** The error about such a file. */
export function fileChanged(path: string): Error {
  return userError("file-changed", `${path} changed while it was read`, "Stop what writes to it, and run the same command again.");
}
