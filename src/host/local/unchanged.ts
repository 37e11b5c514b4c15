import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { fileChanged } from "../../model/file-changed.ts";

/** Throws a UserError (`file-changed`) when an open file is not as it was when its reading began: what was read may be of two versions. */
export async function expectUnchanged(file: FileHandle, before: Pick<Stats, "size" | "mtimeMs" | "ctimeMs">, path: string): Promise<void> {
  const after = await file.stat();
  if (after.size === before.size && after.mtimeMs === before.mtimeMs && after.ctimeMs === before.ctimeMs) return;
  throw fileChanged(path);
}
