import { dirname } from "node:path/posix";
import type { Host } from "../model/host.ts";

/**
 * Whether only root can change what this path leads to: the file and every directory above it belong to root, and no other user may write
 * there. In a directory with the sticky bit, others cannot replace what belongs to root. `path` has no links.
 */
export async function onlyRootWrites({ files }: Pick<Host, "files">, path: string): Promise<boolean> {
  const above = directoriesAbove(path);
  const [file, ...directories] = await Promise.all([path, ...above].map((each) => files.stat(each)));
  if (file?.type !== "file" || file.uid !== 0 || (file.mode & othersWrite) !== 0) return false;
  return directories.every(
    (stat) => stat?.type === "directory" && stat.uid === 0 && ((stat.mode & othersWrite) === 0 || (stat.mode & sticky) !== 0),
  );
}

const othersWrite = 0o022;
const sticky = 0o1000;

function directoriesAbove(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...directoriesAbove(parent)];
}
