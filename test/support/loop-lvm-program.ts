import { execFileSync } from "node:child_process";
import { existsSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { CommandError } from "../../src/model/errors.ts";
import { createFakeLvm, type FakeLvm } from "../unit/drivers/fake-lvm.ts";

/** Where and how large the stand-in of a volume group is. */
export interface LoopLvmSettings {
  readonly directory: string;
  readonly group: string;
  /** In bytes. */
  readonly size: number;
}

const extentSize = 4 * 2 ** 20;

/** The group, as its programs see it. */
export const groupOf = ({ directory, group, size }: LoopLvmSettings): FakeLvm =>
  createFakeLvm(join(directory, "volumes"), group, size, extentSize);

/** One of LVM's programs: what the group says, and the devices that follow it. */
export function answer(settings: LoopLvmSettings, program: string, args: readonly string[]): void {
  const volume = program === "lvcreate" ? (args[args.indexOf("-n") + 1] ?? "") : basename(args.at(-1) ?? "");
  try {
    if (program === "lvremove") detach(settings, volume);
    const { exitCode, stdout } = groupOf(settings).lvm({ program, args, timeoutMs: 0 });
    const file = groupOf(settings).path(volume);
    if (program === "lvcreate") symlinkSync(losetup("--show", "-f", file), join(devices(settings), volume));
    if (program === "lvextend") losetup("-c", readlinkSync(join(devices(settings), volume)));
    process.stdout.write(stdout);
    process.exitCode = exitCode;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`${error.stderr}\n`);
    process.exitCode = error.exitCode ?? 1;
  }
}

/** The directory of the devices of a group. */
export function devices({ group }: LoopLvmSettings): string {
  return `/dev/${group}`;
}

/** Takes the device of a volume away. */
export function detach(settings: LoopLvmSettings, volume: string): void {
  const link = join(devices(settings), volume);
  if (!existsSync(link)) return;
  losetup("-d", readlinkSync(link));
  rmSync(link);
}

function losetup(...args: readonly string[]): string {
  return execFileSync("losetup", args, { encoding: "utf8" }).trim();
}
