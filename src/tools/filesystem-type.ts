import type { Context } from "../model/context.ts";
import { CommandError } from "../model/errors.ts";

/** Filesystems that cannot take space for a file ahead, or forget that they did. NFS can since 4.2. */
const without = new Set([
  "ext2",
  "ext3",
  "vfat",
  "exfat",
  "msdos",
  "hfsplus",
  "reiserfs",
  "ramfs",
  "9p",
  "zfs",
  "nilfs2",
  "ubifs",
  "jffs2",
]);

/** What a filesystem is called, and whether it reserves space for files (fallocate). */
export interface FilesystemAbility {
  readonly filesystem: string;
  readonly reserves: boolean;
}

/** Reads a line of `findmnt -n -o FSTYPE,OPTIONS`. Pure; undefined for none. A filesystem of unknown abilities counts as able: an apply reports an error if it is not. */
export function parseFilesystem(line: string): FilesystemAbility | undefined {
  const [filesystem, options = ""] = line.trim().split(/\s+/);
  if (filesystem === undefined || filesystem === "") return undefined;
  const version = /(?:^|,)vers=([\d.]+)/.exec(options)?.[1];
  const reserves = filesystem.startsWith("nfs") ? version === "4.2" : !without.has(filesystem);
  return { filesystem, reserves };
}

/** The filesystem that holds a path or its nearest existing parent. Nothing is written. Undefined when it cannot be determined. */
export async function filesystemOf(context: Pick<Context, "host" | "signal">, path: string): Promise<FilesystemAbility | undefined> {
  const { host, signal } = context;
  let place = path;
  while (place !== "" && (await host.files.stat(place)) === undefined) place = place.slice(0, place.lastIndexOf("/"));
  const args = ["-n", "-o", "FSTYPE,OPTIONS", "-T", place === "" ? "/" : place];
  try {
    return parseFilesystem((await host.run({ program: "findmnt", args, timeoutMs: 30_000, signal })).stdout.split("\n")[0] ?? "");
  } catch (error) {
    if (error instanceof CommandError && (error.reason === "missing" || error.reason === "exit")) return undefined;
    throw error;
  }
}
