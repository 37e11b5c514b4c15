import type { Context } from "../model/context.ts";
import { CommandError } from "../model/errors.ts";

/** Where the superblock of ext2, ext3 and ext4 has its mark, and the mark. */
const markAt = 1080;
const mark = 0xef53;

const minute = 60_000;

/**
 * Makes an unpartitioned ext2, ext3 or ext4 as large as the file that it is in (Nova SIZE-06), and says whether it did. Anything else is
 * left as it is; so is a filesystem that its own programs find fault with: the disk has its size all the same, and the guest can do
 * it itself. The file must not be in use.
 */
export async function growExtFilesystem(context: Pick<Context, "host" | "signal">, path: string): Promise<boolean> {
  const { host, signal } = context;
  // Most disks have partitions: no program is started to find that out.
  const bytes = await host.files.read(path, { offset: markAt, length: 2 });
  if (bytes === undefined || bytes.length < 2 || bytes.readUInt16LE(0) !== mark) return false;
  try {
    await host.run({ program: "e2label", args: [path], timeoutMs: minute, signal });
    // 1 and 2: it found something and mended it.
    await host.run({ program: "e2fsck", args: ["-fp", path], timeoutMs: 30 * minute, okExitCodes: [0, 1, 2], signal });
    await host.run({ program: "resize2fs", args: [path], timeoutMs: 30 * minute, signal });
    return true;
  } catch (error) {
    if (error instanceof CommandError && error.reason !== "aborted") return false;
    throw error;
  }
}
