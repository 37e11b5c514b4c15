import type { Context } from "../model/context.ts";
import { CommandError, RefusedError } from "../model/errors.ts";
import { rootArchiveRemedy } from "./root-archive-remedy.ts";

type Machine = Pick<Context, "host" | "signal">;

const minute = 60_000;
const MiB = 2 ** 20;

/** Bounds for programs that read what a publisher packed. */
const limits = { cpuSeconds: 60 * 60, addressSpaceBytes: 4 * 2 ** 30 };

/**
 * Unpacks an archive into a file system, which is mounted in a mount namespace that ends with the programs in it: the host never has it mounted, also after a
 * kill. The archive is opened first, because the mount hides the directory that it is in. GNU tar refuses names that lead out of the directory.
 * Only `sync` reports blocks that could not be written to the file, because the disk below it is full or broken.
 */
const unpack = `set -e
exec <"$1"
mount -o loop,nodev,nosuid,noexec -- "$2" "$3"
tar --extract --file=- --directory="$3" --numeric-owner --same-owner --preserve-permissions --xattrs '--xattrs-include=*'
sync -f -- "$3"
umount -- "$3"`;

/** The superblock of ext4, and in it the count of blocks and the size of one. */
const superblock = { at: 1024, length: 1024, blocks: 0x04, blockSize: 0x18, moreBlocks: 0x150 };

/**
 * Makes a raw file with an ext4 file system from an uncompressed tar archive of `bytes` bytes, as small as its content allows, with owners, permissions,
 * devices and extended attributes as packed. Gives its size in bytes. Not atomic: make a staged file. `mountPoint`: an existing directory.
 * Throws a RefusedError `image-root-archive`.
 */
export async function tarToExt4(
  machine: Machine,
  {
    archive,
    bytes,
    to,
    mountPoint,
  }: { readonly archive: string; readonly bytes: number; readonly to: string; readonly mountPoint: string },
): Promise<number> {
  const { host, signal } = machine;
  const run = (program: string, args: readonly string[], okExitCodes: readonly number[] = [0]) =>
    host.run({ program, args, timeoutMs: 60 * minute, limits, signal, okExitCodes });
  // An empty directory has 512 bytes in the archive, and here a block of 4 KiB and an inode. Unused space is a hole, and is cut off in the end.
  await host.files.truncate(to, Math.ceil((9 * bytes) / MiB) * MiB + 64 * MiB);
  try {
    // Of groups that share their tables (flex_bg), resize2fs leaves almost twice the size of the content.
    const layout = ["-b", "4096", "-i", "4096", "-O", "^flex_bg", "-E", "lazy_itable_init=1,lazy_journal_init=1"];
    await run("mkfs.ext4", ["-q", "-F", ...layout, to]);
    await run("unshare", ["--mount", "sh", "-c", unpack, "sh", archive, to, mountPoint]);
    // 1: the directory for what is found was made again, where the archive has none.
    await run("e2fsck", ["-fp", to], [0, 1]);
    await run("resize2fs", ["-M", to]);
  } catch (error) {
    if (!(error instanceof CommandError) || (error.reason !== "exit" && error.reason !== "missing")) throw error;
    throw new RefusedError(
      "image-root-archive",
      `The root file system cannot be made from its tar archive: ${firstLines(error.stderr) || error.message}`,
      rootArchiveRemedy(error),
    );
  }
  const size = sizeOf(await host.files.read(to, { offset: superblock.at, length: superblock.length }));
  await host.files.truncate(to, size);
  return size;
}

/** Where tar goes on, what follows are consequences of the first errors. */
function firstLines(stderr: string): string {
  return stderr.trim().split("\n").slice(0, 3).join("; ").slice(0, 2000);
}

function sizeOf(block: Buffer | undefined): number {
  if (block === undefined || block.length < superblock.length) throw new RangeError("the file system that was made has no superblock");
  const blocks = block.readUInt32LE(superblock.blocks) + block.readUInt32LE(superblock.moreBlocks) * 2 ** 32;
  return blocks * 1024 * 2 ** block.readUInt32LE(superblock.blockSize);
}
