import { chmod, chown, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { errorMessage, UserError, userError } from "../model/errors.ts";

/**
 * Replaces the text of a configuration file whole. Its permissions and owner stay, and a link to it stays one. Throws a UserError with this code where it cannot
 * be written.
 */
export async function rewriteFile(file: string, edit: (text: string) => string, code: "image-lock" | "drift-accept"): Promise<void> {
  const path = await realpath(file);
  const { mode, uid, gid } = await stat(path);
  const staged = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(staged, edit(await readFile(path, "utf8")), { mode: 0o600, flag: "wx" });
    await chown(staged, uid, gid).catch(() => undefined);
    await chmod(staged, mode & 0o7777);
    await rename(staged, path);
  } catch (error) {
    await rm(staged, { force: true });
    if (error instanceof UserError) throw error;
    throw userError(code, `Cannot write to ${file}`, errorMessage(error));
  }
}
