import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "../../src/model/errors.ts";
import { createFakeLvm, type FakeLvm } from "../unit/drivers/fake-lvm.ts";

/** A stand-in for a volume group whose volumes are loop devices, so that guests can have them. */
export interface LoopLvm {
  readonly group: string;
  /** Holds programs of LVM's names; put it first in PATH. */
  readonly programs: string;
  volumes(): string[];
  /** Detaches the devices and removes everything. */
  stop(): void;
}

/** Where and how large a stand-in is, as its programs are told. */
interface Settings {
  readonly directory: string;
  readonly group: string;
  readonly size: number;
}

const extentSize = 4 * 2 ** 20;
const names = ["vgs", "lvs", "lvcreate", "lvchange", "lvextend", "lvremove"];
const groupOf = ({ directory, group, size }: Settings): FakeLvm => createFakeLvm(join(directory, "volumes"), group, size, extentSize);

/** Makes a group with a unique name. */
export function startLoopLvm(size: number): LoopLvm {
  const directory = mkdtempSync(join(tmpdir(), "virtform-lvm-"));
  const settings: Settings = { directory, group: `vt-${randomBytes(3).toString("hex")}`, size };
  const programs = join(directory, "bin");
  mkdirSync(programs);
  mkdirSync(devices(settings));
  const library = fileURLToPath(import.meta.url);
  for (const name of names) {
    const path = join(programs, name);
    const source = `import { answer } from ${JSON.stringify(library)};\nanswer(${JSON.stringify(settings)}, ${JSON.stringify(name)});\n`;
    writeFileSync(`${path}.mjs`, source);
    // As LVM does, one at a time for the whole group.
    writeFileSync(path, `#!/bin/sh\nexec flock '${directory}/lock' '${process.execPath}' '${path}.mjs' "$@"\n`);
    chmodSync(path, 0o755);
  }
  const stop = () => {
    for (const volume of readdirSync(devices(settings))) detach(settings, volume);
    for (const path of [devices(settings), directory]) rmSync(path, { recursive: true, force: true });
  };
  return { group: settings.group, programs, volumes: () => groupOf(settings).volumes(), stop };
}

/** One of LVM's programs: what the group says, and the devices that follow it. */
export function answer(settings: Settings, program: string): void {
  const args = process.argv.slice(2);
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

function devices({ group }: Settings): string {
  return `/dev/${group}`;
}

function detach(settings: Settings, volume: string): void {
  const link = join(devices(settings), volume);
  if (!existsSync(link)) return;
  losetup("-d", readlinkSync(link));
  rmSync(link);
}

function losetup(...args: readonly string[]): string {
  return execFileSync("losetup", args, { encoding: "utf8" }).trim();
}
