/** The last part of a path: the name that a disk has in its directory. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
