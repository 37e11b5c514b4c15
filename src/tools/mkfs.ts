import type { Context } from "../model/context.ts";
import { CommandError, userError } from "../model/errors.ts";

/** What can be put on an empty disk. `swap` is no filesystem, and is made the same way. */
export type Filesystem = "ext2" | "ext3" | "ext4" | "xfs" | "vfat" | "ntfs" | "swap";

/** The content of an empty disk. */
export interface Formatting {
  readonly filesystem: Filesystem;
  /** As the guest finds it under `/dev/disk/by-label`; empty for none. */
  readonly label: string;
  /** The filesystem's own identity; random when absent. NTFS always draws one. */
  readonly uuid?: string;
}

/** mkfs writes little, but to a disk that may be slow and large. */
const timeoutMs = 10 * 60_000;

/** Far above what an empty filesystem of any size needs. */
const limits = { cpuSeconds: 10 * 60, addressSpaceBytes: 4 * 2 ** 30 };

/** The Debian package of each program. */
const packages: Readonly<Record<string, string>> = {
  "mkfs.xfs": "xfsprogs",
  "mkfs.vfat": "dosfstools",
  "mkfs.ntfs": "ntfs-3g",
  mkswap: "util-linux",
};

/**
 * Bytes below which a program refuses. Below it the plan says so, rather than the program in the middle of an apply.
 */
export const smallestFilesystem: Readonly<Record<Filesystem, number>> = {
  ext2: 2 ** 20,
  // Smaller ones get no journal, and are then an ext2 by another name.
  ext3: 4 * 2 ** 20,
  ext4: 4 * 2 ** 20,
  xfs: 300 * 2 ** 20,
  vfat: 2 ** 20,
  ntfs: 4 * 2 ** 20,
  swap: 2 ** 20,
};

/** The program and its arguments, the target last (Nova GEN-03). Pure. */
export function mkfsCommand({ filesystem, label, uuid }: Formatting, target: string): { program: string; args: readonly string[] } {
  switch (filesystem) {
    case "ext2":
    case "ext3":
    case "ext4": {
      // Tables and journal are zeros already on a file with holes; elsewhere the guest's kernel clears them later.
      const options = ["lazy_itable_init=1", "lazy_journal_init=1", ...(uuid === undefined ? [] : [`hash_seed=${uuid}`])];
      const identity = uuid === undefined ? [] : ["-U", uuid];
      return { program: `mkfs.${filesystem}`, args: ["-q", "-F", ...labelled("-L", label), ...identity, "-E", options.join(","), target] };
    }
    case "xfs": {
      const identity = uuid === undefined ? [] : ["-m", `uuid=${uuid}`];
      return { program: "mkfs.xfs", args: ["-q", "-f", ...labelled("-L", label), ...identity, target] };
    }
    case "vfat": {
      // A volume serial number has 32 bits.
      const identity = uuid === undefined ? [] : ["-i", uuid.replaceAll("-", "").slice(0, 8)];
      // mkfs.vfat refuses a label with a dot, or with anything else that a file name of FAT cannot have.
      const name = label.toUpperCase().replaceAll(/[^A-Z0-9_ -]/g, "_");
      return { program: "mkfs.vfat", args: [...labelled("-n", name), ...identity, target] };
    }
    case "ntfs":
      return { program: "mkfs.ntfs", args: ["-q", "-F", "-Q", ...labelled("-L", label), target] };
    case "swap":
      return { program: "mkswap", args: [...labelled("-L", label), ...(uuid === undefined ? [] : ["-U", uuid]), target] };
  }
}

/** The programs that make these, each once. Pure. */
export function mkfsPrograms(filesystems: readonly Filesystem[]): string[] {
  return [...new Set(filesystems.map((filesystem) => mkfsCommand({ filesystem, label: "" }, "").program))];
}

/** The Debian package that a program is in. */
export function mkfsPackage(program: string): string {
  return packages[program] ?? "e2fsprogs";
}

/**
 * Puts a filesystem on a file or device that has its size already. Its content is lost. Not atomic: make a staged
 * file. Throws a UserError when the program is not installed.
 */
export async function makeFilesystem(context: Pick<Context, "host" | "signal">, target: string, formatting: Formatting): Promise<void> {
  const { program, args } = mkfsCommand(formatting, target);
  try {
    await context.host.run({ program, args, timeoutMs, limits, signal: context.signal });
  } catch (error) {
    if (!(error instanceof CommandError) || error.reason !== "missing") throw error;
    throw userError(
      "mkfs-missing",
      `${program} is not installed on ${context.host.name}`,
      `It makes the ${formatting.filesystem} of a disk. Install the package ${mkfsPackage(program)} there and apply again, or choose another format.`,
    );
  }
}

function labelled(option: string, label: string): string[] {
  return label === "" ? [] : [option, label];
}
