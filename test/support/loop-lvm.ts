import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { detach, devices, groupOf, type LoopLvmSettings } from "./loop-lvm-program.ts";

/** A stand-in for a volume group whose volumes are loop devices, so that guests can have them. */
export interface LoopLvm {
  readonly group: string;
  /** Holds programs of LVM's names; put it first in PATH. */
  readonly programs: string;
  volumes(): string[];
  /** Detaches the devices and removes everything. */
  stop(): void;
}

const readers = ["vgs", "lvs"];
const writers = ["lvcreate", "lvchange", "lvextend", "lvremove"];

/** Makes a group with a unique name. */
export function startLoopLvm(size: number): LoopLvm {
  const directory = mkdtempSync(join(tmpdir(), "virtform-lvm-"));
  const settings: LoopLvmSettings = { directory, group: `vt-${randomBytes(3).toString("hex")}`, size };
  const programs = join(directory, "bin");
  mkdirSync(programs);
  mkdirSync(devices(settings));
  // One script of plain JavaScript: they run hundreds of times, and Node takes three times as long to start with modules of TypeScript.
  const script = join(directory, "lvm.cjs");
  buildSync({
    stdin: {
      contents: `import { answer } from "./loop-lvm-program.ts";\nanswer(${JSON.stringify(settings)}, process.argv[2], process.argv.slice(3));\n`,
      resolveDir: import.meta.dirname,
      loader: "ts",
    },
    outfile: script,
    bundle: true,
    platform: "node",
    format: "cjs",
  });
  const answers = join(directory, "answers");
  mkdirSync(answers);
  const write = (name: string, ...lines: readonly string[]) => {
    const path = join(programs, name);
    // As LVM does, one at a time for the whole group.
    writeFileSync(path, ["#!/bin/sh", `exec 9>>'${directory}/lock'`, "flock 9", ...lines, ""].join("\n"));
    chmodSync(path, 0o755);
  };
  const run = (name: string) => `'${process.execPath}' '${script}' ${name} "$@"`;
  for (const name of writers) write(name, `rm -f '${answers}'/*`, `exec ${run(name)}`);
  // Each plan asks the same two questions. Their answers are valid until the next change, and cat costs a tenth of Node.
  for (const name of readers)
    write(
      name,
      `answer="${answers}/${name} $*"`,
      `[ -f "$answer" ] || { ${run(name)} >'${answers}/new' && mv '${answers}/new' "$answer"; } || exit`,
      `exec cat "$answer"`,
    );
  const stop = () => {
    for (const volume of readdirSync(devices(settings))) detach(settings, volume);
    for (const path of [devices(settings), directory]) rmSync(path, { recursive: true, force: true });
  };
  return { group: settings.group, programs, volumes: () => groupOf(settings).volumes(), stop };
}
