import { randomBytes } from "node:crypto";
import { fstatSync, type Stats } from "node:fs";
import { appendFile, open, realpath, rename, rm, stat } from "node:fs/promises";

/**
 * Writes a file of which a reader sees the old content or the new one, also after a power cut. Rejects with the system's error, and leaves nothing then.
 * A link stays, and the file that it leads to is replaced; a device or a pipe, and the file that standard output goes to, get the text instead of being replaced.
 */
export async function writeWhole(path: string, text: string, mode = 0o666): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && !found.isDirectory() && (!found.isFile() || isOutput(found))) return appendFile(path, text, { flag: "a" });
  const target = found === undefined ? path : await realpath(path);
  // Not a name that others can know: in /tmp it could be a link of theirs.
  const staged = `${target}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(staged, "wx", mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(staged, target);
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  }
}

/** Whether a file is what standard output or standard error of this process goes to, such as /dev/stdout. */
function isOutput({ dev, ino }: Stats): boolean {
  return [1, 2].some((descriptor) => {
    try {
      const output = fstatSync(descriptor);
      return output.dev === dev && output.ino === ino;
    } catch {
      return false;
    }
  });
}
