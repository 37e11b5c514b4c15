import type { Context } from "../model/context.ts";

const timeoutMs = 30_000;
/** As Nova makes it (Nova CFG-05); almost all of it is a hole. */
const imageBytes = 64 * 2 ** 20;
/** 1 January 1980, 00:00 UTC, where the time of FAT begins: an image depends on nothing but its content. */
const env = { SOURCE_DATE_EPOCH: "315532800", TZ: "UTC" };

/**
 * Writes a VFAT image of 64 MiB to a staged path (Nova CFG-05), without root and without mounting. The same label and
 * files give the same bytes. Contents go to `mcopy` through its standard input, so that none of them is ever a file of its
 * own on the host; the image is private to its owner from its first byte. Not atomic: publish it afterwards.
 */
export async function writeVfatImage(
  context: Pick<Context, "host" | "signal">,
  path: string,
  label: string,
  contents: ReadonlyMap<string, Buffer>,
): Promise<void> {
  const { files } = context.host;
  const run = (program: string, args: readonly string[], stdin?: Buffer) =>
    context.host.run({ program, args, stdin, timeoutMs, env, signal: context.signal });

  await files.writeAtomic(path, "", 0o600);
  await files.truncate(path, imageBytes);
  await run("mkfs.vfat", ["--invariant", "-n", label, path]);
  // One by one in a fixed order: copied as a tree, entries would lie in the order of some directory listing.
  const paths = [...contents.keys()].sort();
  const folders = foldersOf(paths);
  if (folders.length > 0) await run("mmd", ["-i", path, ...folders.map((folder) => `::/${folder}`)]);
  for (const name of paths) await run("mcopy", ["-i", path, "-", `::/${name}`], contents.get(name) ?? Buffer.alloc(0));
}

/** Every directory of the given files, parents first. */
function foldersOf(paths: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const names = path.split("/").slice(0, -1);
    for (const depth of names.keys()) folders.add(names.slice(0, depth + 1).join("/"));
  }
  return [...folders].sort();
}
