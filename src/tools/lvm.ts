import type { Context } from "../model/context.ts";
import { CommandError, userError } from "../model/errors.ts";
import type { CommandResult } from "../model/host.ts";
import { type LogicalVolume, parseVolumeGroup, parseVolumes, type VolumeGroup } from "./lvm-output.ts";
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
const report = ["--reportformat", "json", "--units", "b", "--nosuffix"];

/** Nova LVM-02: what a sparse volume has from the beginning. */
export const sparseReserve = 64 * 2 ** 20;

/** Where the host's kernel shows a volume. */
export function devicePath({ group, volume }: VolumeName): string {
  return `/dev/${group}/${volume}`;
}

/** Size and free space of a group; undefined when there is none of that name (Nova LVM-03). */
export async function volumeGroup(machine: Machine, group: string): Promise<VolumeGroup | undefined> {
  const { exitCode, stdout } = await run(machine, "vgs", [...report, "-o", "vg_size,vg_free,vg_extent_size", group], {
    missing: /not found/,
  });
  return exitCode === 0 ? parseVolumeGroup(stdout) : undefined;
}

/** The volumes of a group; none when there is no such group (Nova LVM-10). */
export async function volumes(machine: Machine, group: string): Promise<LogicalVolume[]> {
  const { exitCode, stdout } = await run(machine, "lvs", [...report, "-o", "lv_name,lv_size,lv_tags,segtype", group], {
    missing: /not found/,
  });
  return exitCode === 0 ? parseVolumes(stdout) : [];
}

/** Makes a volume with these tags: they are on it from its first moment. Pure. */
export function createVolumeArguments(
  { group, volume }: VolumeName,
  { bytes, reserve, tags }: { readonly bytes: number; readonly reserve?: number; readonly tags: readonly string[] },
): string[] {
  const size = reserve === undefined ? ["-L", `${bytes}b`] : ["-L", `${reserve}b`, "--virtualsize", `${bytes}b`];
  // Signatures of what was there before would be found by the guest: -y wipes them without asking.
  return ["-y", ...size, ...tags.flatMap((tag) => ["--addtag", tag]), "-n", volume, group];
}

/** Makes a volume (Nova LVM-02). `reserve`: a sparse one that has only this from the beginning. */
export async function createVolume(
  machine: Machine,
  name: VolumeName,
  wanted: { readonly bytes: number; readonly reserve?: number; readonly tags: readonly string[] },
): Promise<void> {
  try {
    await run(machine, "lvcreate", createVolumeArguments(name, wanted));
  } catch (error) {
    throw spaceError(error, name, wanted.reserve ?? wanted.bytes);
  }
}

export async function addTag(machine: Machine, name: VolumeName, tag: string): Promise<void> {
  await run(machine, "lvchange", ["--addtag", tag, full(name)]);
}

export async function removeTag(machine: Machine, name: VolumeName, tag: string): Promise<void> {
  await run(machine, "lvchange", ["--deltag", tag, full(name)]);
}

/** Grows a volume. */
export async function extendVolume(machine: Machine, name: VolumeName, bytes: number): Promise<void> {
  try {
    await run(machine, "lvextend", ["-L", `${bytes}b`, full(name)]);
  } catch (error) {
    throw spaceError(error, name, bytes);
  }
}

/** Nova LVM-08. */
export async function removeVolume(machine: Machine, name: VolumeName): Promise<void> {
  await run(machine, "lvremove", ["-f", full(name)]);
}

/** Overwrites the first bytes of a volume: with zeros, or with random bytes three times (Nova LVM-09). */
export async function clearVolume(machine: Machine, name: VolumeName, how: "zero" | "shred", bytes: number): Promise<void> {
  const passes = how === "zero" ? ["-n0", "-z"] : ["-n3"];
  await run(machine, "shred", [...passes, `-s${bytes}`, devicePath(name)], { timeoutMs: transferMs });
}

/**
 * Writes an image into a volume that is there and large enough (Nova LVM-04, with the format always said: qemu would
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

function spaceError(error: unknown, { group, volume }: VolumeName, bytes: number): unknown {
  if (!(error instanceof CommandError) || !/insufficient (free|suitable) (space|extents|allocatable)/i.test(error.stderr)) return error;
  return userError(
    "no-space",
    `Volume group ${group} has no space for ${volume}`,
    `${bytes} bytes were asked for. Somebody took the space since it was planned. \`vgs ${group}\` shows what is free; extend the group, or remove volumes.`,
  );
}
