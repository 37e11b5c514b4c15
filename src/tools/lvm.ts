import { setTimeout as pause } from "node:timers/promises";
import type { Context } from "../model/context.ts";
import { CommandError, UnreachableError, userError } from "../model/errors.ts";
import type { CommandResult } from "../model/host.ts";
import { shellWord } from "../model/shell-word.ts";
import { type LogicalVolume, parseVolumeGroup, parseVolumes, type VolumeGroup, volumeFields } from "./lvm-output.ts";
import { parseConvertProgress } from "./qemu-img-output.ts";

type Machine = Pick<Context, "host" | "signal">;

/** A volume by its names. */
export interface VolumeName {
  readonly group: string;
  readonly volume: string;
}

const minute = 60_000;
/** Writing a whole volume takes as long as its disk does. */
const transferMs = 12 * 60 * minute;
/** What a program of an earlier apply gets to let go of a volume. */
const removalMs = minute;
/** LVM's word for a group that it does not see. */
const noGroup = /Volume group "[^"]*" not found/;
const report = ["--reportformat", "json", "--units", "b", "--nosuffix"];

/** Where the host's kernel shows a volume. */
export function devicePath({ group, volume }: VolumeName): string {
  return `/dev/${group}/${volume}`;
}

/** Size and free space of a group; undefined when there is none of that name (Nova LVM-03). */
export async function volumeGroup(machine: Machine, group: string): Promise<VolumeGroup | undefined> {
  const { exitCode, stdout } = await run(machine, "vgs", [...report, "-o", "vg_size,vg_free,vg_extent_size", group], {
    missing: noGroup,
  });
  return exitCode === 0 ? parseVolumeGroup(stdout) : undefined;
}

/**
 * The volumes of a group (Nova LVM-10). Throws UnreachableError when there is no such group: its disks may be offline, and what is
 * on them exists all the same.
 */
export async function volumes(machine: Machine, group: string): Promise<LogicalVolume[]> {
  const { exitCode, stdout } = await run(machine, "lvs", [...report, "-o", volumeFields, group], { missing: noGroup });
  if (exitCode === 0) return parseVolumes(stdout);
  throw new UnreachableError(
    `${machine.host.name} does not see volume group ${group}, where disks of the project are kept; nothing is taken for gone`,
    `\`pvs\` and \`vgs\` there show what is seen: put its disks back, or log in to where they are. If the group is gone for good, and what was in it, make an empty one of that name (\`vgcreate ${shellWord(group)} DEVICE\`) and apply again.`,
  );
}

/** A volume to make, with its tags on it from its first moment. */
export interface NewVolume {
  /** LVM makes whole extents of it. */
  readonly bytes: number;
  /** A sparse volume takes its space from this pool. */
  readonly pool?: string;
  readonly tags: readonly string[];
}

/** Pure. */
export function createVolumeArguments({ group, volume }: VolumeName, { bytes, pool, tags }: NewVolume): string[] {
  const size = pool === undefined ? ["-L", `${bytes}b`] : ["--type", "thin", "--virtualsize", `${bytes}b`, "--thinpool", pool];
  // Signatures of what was there before would be found by the guest: -y wipes them without asking.
  return ["-y", ...size, ...tagged(tags), "-n", volume, group];
}

/** Makes a volume (Nova LVM-02). */
export async function createVolume(machine: Machine, name: VolumeName, wanted: NewVolume): Promise<void> {
  await taking(name, wanted.bytes, () => run(machine, "lvcreate", createVolumeArguments(name, wanted)));
}

/** Whether a volume was not made because there is one of its name. */
export function saysTaken(error: unknown): boolean {
  return error instanceof CommandError && /already exists in volume group/i.test(error.stderr);
}

/**
 * Makes the pool of a sparse volume. On its own, not together with the volume: `lvcreate` would then give the tags to the pool
 * and choose its name.
 */
export async function createPool(machine: Machine, name: VolumeName, bytes: number, tags: readonly string[]): Promise<void> {
  const { group, volume } = name;
  const args = ["-y", "--type", "thin-pool", "-L", `${bytes}b`, ...tagged(tags), "-n", volume, group];
  await taking(name, bytes, () => run(machine, "lvcreate", args));
}

function tagged(tags: readonly string[]): string[] {
  return tags.flatMap((tag) => ["--addtag", tag]);
}

export async function addTag(machine: Machine, name: VolumeName, tag: string): Promise<void> {
  await run(machine, "lvchange", ["--addtag", tag, full(name)]);
}

export async function removeTag(machine: Machine, name: VolumeName, tag: string): Promise<void> {
  await run(machine, "lvchange", ["--deltag", tag, full(name)]);
}

/** Grows a volume. */
export async function extendVolume(machine: Machine, name: VolumeName, bytes: number): Promise<void> {
  await taking(name, bytes, () => run(machine, "lvextend", ["-L", `${bytes}b`, full(name)]));
}

/** Makes the kernel have a device for the volume. */
export async function activateVolume(machine: Machine, name: VolumeName): Promise<void> {
  await run(machine, "lvchange", ["-ay", full(name)]);
}

/** Makes the kernel's device what the volume is: a program that was killed while it changed the volume leaves it halted. */
export async function refreshVolume(machine: Machine, name: VolumeName): Promise<void> {
  await run(machine, "lvchange", ["--refresh", full(name)]);
}

/**
 * Removes a volume, or a pool with the volumes in it (Nova LVM-08). Waits a while for programs that still have it open: the one
 * that filled it may outlive an apply that was killed.
 */
export async function removeVolume(machine: Machine, name: VolumeName): Promise<void> {
  const deadline = performance.now() + removalMs;
  for (;;) {
    try {
      await run(machine, "lvremove", ["-f", full(name)]);
      return;
    } catch (error) {
      if (!(error instanceof CommandError) || !/ in use\b| is used by /.test(error.stderr)) throw error;
      if (performance.now() >= deadline) throw inUse(name);
    }
    await pause(1000, undefined, { signal: machine.signal });
  }
}

/** Overwrites the first bytes of a volume: with zeros, or with random bytes three times (Nova LVM-09). */
export async function clearVolume(machine: Machine, name: VolumeName, how: "zero" | "shred", bytes: number): Promise<void> {
  const passes = how === "zero" ? ["-n0", "-z"] : ["-n3"];
  await run(machine, "shred", [...passes, `-s${bytes}`, devicePath(name)], { timeoutMs: transferMs });
}

/**
 * Writes an image into an existing volume that is large enough (Nova LVM-04, with the format always said: qemu would
 * otherwise look for it in what a guest may have written). `onFraction` gets 0 to 1.
 */
export async function convertIntoVolume(
  machine: Machine,
  request: { readonly from: string; readonly format: "raw" | "qcow2"; readonly to: VolumeName },
  onFraction: (fraction: number) => void,
): Promise<void> {
  const target = devicePath(request.to);
  await run(
    machine,
    "qemu-img",
    ["convert", "-p", "-n", "-t", "none", "-W", "-m", "8", "-f", request.format, "-O", "raw", request.from, target],
    {
      timeoutMs: transferMs,
      onLine: (line) => {
        const fraction = parseConvertProgress(line);
        if (fraction !== undefined) onFraction(fraction);
      },
    },
  );
}

function full({ group, volume }: VolumeName): string {
  return `${group}/${volume}`;
}

async function run(
  { host, signal }: Machine,
  program: string,
  args: readonly string[],
  options: { readonly missing?: RegExp; readonly timeoutMs?: number; readonly onLine?: (line: string) => void } = {},
): Promise<CommandResult> {
  const { missing, onLine, timeoutMs = 5 * minute } = options;
  try {
    return await host.run({ program, args, timeoutMs, signal, ...(onLine === undefined ? {} : { onLine }) });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.reason === "missing") {
      const detail = "It belongs to LVM, where images_type lvm keeps disks. On Debian and Ubuntu: apt install lvm2.";
      throw userError("lvm-missing", `${program} is not installed on ${host.name}`, detail);
    }
    if (error.reason === "exit" && missing?.test(error.stderr)) return { exitCode: error.exitCode ?? 1, stdout: "", stderr: error.stderr };
    throw error;
  }
}

async function taking(name: VolumeName, bytes: number, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw spaceError(error, name, bytes);
  }
}

function inUse(name: VolumeName): Error {
  const detail = `A program has it open. \`fuser -v ${shellWord(devicePath(name))}\` on the host names it; apply again when it has ended.`;
  return userError("volume-in-use", `Volume ${full(name)} is in use and was not removed`, detail);
}

function spaceError(error: unknown, { group, volume }: VolumeName, bytes: number): unknown {
  if (!(error instanceof CommandError) || !/insufficient (free|suitable) (space|extents|allocatable)/i.test(error.stderr)) return error;
  return userError(
    "no-space",
    `Volume group ${group} has no space for ${volume}`,
    `${bytes} bytes are needed. The space was taken after the plan was made. \`vgs ${shellWord(group)}\` shows what is free; extend the group, or remove volumes.`,
  );
}
