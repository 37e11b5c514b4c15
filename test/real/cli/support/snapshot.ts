import { readdir, stat } from "node:fs/promises";

/**
 * What is below a directory, with the times at which contents and entries last changed. Locks are left out: whatever looks
 * takes them.
 */
export async function snapshot(path: string): Promise<Record<string, string>> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  const found: Record<string, string> = {};
  for (const entry of entries) {
    const full = `${entry.parentPath}/${entry.name}`;
    if (full.slice(path.length + 1).startsWith("locks")) continue;
    const { mtimeNs, ctimeNs, size } = await stat(full, { bigint: true });
    found[full.slice(path.length + 1)] = `${size} bytes, ${mtimeNs}, ${ctimeNs}`;
  }
  return found;
}
