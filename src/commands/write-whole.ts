import { open, rename, rm } from "node:fs/promises";

/** Writes a file of which a reader sees the old content or the new one, also after a power cut. Rejects with the system's error, and leaves nothing then. */
export async function writeWhole(path: string, text: string, mode = 0o666): Promise<void> {
  const staged = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(staged, "w", mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(staged, path);
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  }
}
