/** The last part of a path: the name that a disk has in its directory. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The directory of a disk's owner, an instance or a volume: also where its driver keeps the disk itself elsewhere. */
export function directoryOf({ path }: { readonly path: string }): string {
  return path.slice(0, path.lastIndexOf("/"));
}
