import type { Context } from "../model/context.ts";
import { CommandError } from "../model/errors.ts";

type Machine = Pick<Context, "host" | "signal">;

/** Where the superblock of ext2, ext3 and ext4 has its mark, and the mark. */
const markAt = 1080;
const mark = 0xef53;

const minute = 60_000;

/** Whether a file holds an ext2, ext3 or ext4 without partitions. No program is started to find that out: most disks have partitions. */
export async function isExtFile({ host }: Pick<Machine, "host">, path: string): Promise<boolean> {
  const bytes = await host.files.read(path, { offset: markAt, length: 2 });
  return bytes !== undefined && bytes.length === 2 && bytes.readUInt16LE(0) === mark;
}

/** The same of a device, which is no file to be read. */
export async function isExtDevice({ host, signal }: Machine, path: string): Promise<boolean> {
  const { exitCode } = await host.run({ program: "e2label", args: [path], timeoutMs: minute, signal, okExitCodes: [0, 1] });
  return exitCode === 0;
}

/**
 * Makes an unpartitioned ext2, ext3 or ext4 as large as the file or device that it is in (Nova SIZE-06). What its own programs find
 * fault with is left as it is, and they are given as the reason: the disk has its size all the same, and the guest can do it itself.
 * It must not be in use.
 */
export async function growExtFilesystem({ host, signal }: Machine, path: string): Promise<CommandError | undefined> {
  try {
    // 1 and 2: it found something and mended it.
    await host.run({ program: "e2fsck", args: ["-fp", path], timeoutMs: 30 * minute, okExitCodes: [0, 1, 2], signal });
    await host.run({ program: "resize2fs", args: [path], timeoutMs: 30 * minute, signal });
    return undefined;
  } catch (error) {
    if (error instanceof CommandError && error.reason !== "aborted") return error;
    throw error;
  }
}
