import type { Context } from "../model/context.ts";
import { CommandError } from "../model/errors.ts";

type Machine = Pick<Context, "host" | "signal">;

/** The superblock of ext2, ext3 and ext4: where it begins and, from there, its mark and what it says about its journal. */
const superblock = { at: 1024, length: 1024 };
const field = { mark: 0x38, compatible: 0x5c, incompatible: 0x60, journalUuid: 0xd0, journalInode: 0xe0, journalDevice: 0xe4 };
const mark = 0xef53;
const hasJournal = 0x4;
const isJournal = 0x8;

const minute = 60_000;

/** Bounds for programs that read what a guest wrote. Enough for some terabytes; a filesystem that needs more is its guest's to grow. */
const limits = { cpuSeconds: 15 * 60, addressSpaceBytes: 2 * 2 ** 30 };

/**
 * Whether a file holds an ext2, ext3 or ext4 without partitions whose journal is within. No program is started to find that out: most
 * disks have partitions.
 */
export async function isExtFile({ host }: Pick<Machine, "host">, path: string): Promise<boolean> {
  const bytes = await host.files.read(path, { offset: superblock.at, length: superblock.length });
  if (bytes === undefined || bytes.length < superblock.length || bytes.readUInt16LE(field.mark) !== mark) return false;
  return !namesDevice(bytes);
}

/** The same of a device, which is no file to be read. */
export async function isExtDevice({ host, signal }: Machine, path: string): Promise<boolean> {
  const { exitCode } = await host.run({ program: "e2label", args: [path], timeoutMs: minute, limits, signal, okExitCodes: [0, 1] });
  return exitCode === 0;
}

/**
 * Makes an unpartitioned ext2, ext3 or ext4 as large as the file or device that it is in (Nova SIZE-06). What its own programs find
 * fault with is left as it is, and they are given as the reason: the disk has its size all the same, and the guest can do it itself.
 * It must not be in use.
 */
export async function growExtFilesystem({ host, signal }: Machine, path: string): Promise<CommandError | undefined> {
  try {
    await host.run({ program: "e2label", args: [path], timeoutMs: minute, limits, signal });
    // A copy of the superblock that e2fsck may turn to could name another journal: it is to look for none among the host's devices.
    const args = ["-fp", "-j", "/dev/null", path];
    // 1 and 2: errors were found and corrected.
    await host.run({ program: "e2fsck", args, timeoutMs: 30 * minute, okExitCodes: [0, 1, 2], limits, signal });
    await host.run({ program: "resize2fs", args: [path], timeoutMs: 30 * minute, limits, signal });
    return undefined;
  } catch (error) {
    if (error instanceof CommandError && error.reason !== "aborted") return error;
    throw error;
  }
}

/** Whether the journal is not within the filesystem, or it is itself one: its guest could have named any device of the host. */
function namesDevice(bytes: Buffer): boolean {
  const journaled = (bytes.readUInt32LE(field.compatible) & hasJournal) !== 0;
  return (
    (bytes.readUInt32LE(field.incompatible) & isJournal) !== 0 ||
    bytes.readUInt32LE(field.journalDevice) !== 0 ||
    bytes.subarray(field.journalUuid, field.journalInode).some((byte) => byte !== 0) ||
    (journaled && bytes.readUInt32LE(field.journalInode) === 0)
  );
}
