import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Backend, fileBackends } from "./backends.ts";
import { runOnce } from "./measure.ts";
import { counted, type Row, unmeasured } from "./row.ts";
import { createWorkspace, filledImage, virtform } from "./workspace.ts";

/** Calls that wait for the disk, for each further instance of an apply, with each driver of files. */
export function benchSyncs(count: number): Row[] {
  return fileBackends.flatMap((backend) => syncsOfBackend(backend, count));
}

function syncsOfBackend({ name, host }: Backend, count: number): Row[] {
  const what = `calls of fsync for each instance, ${name}`;
  if (spawnSync("strace", ["-V"]).error !== undefined) return [unmeasured(what, "install strace")];
  using workspace = createWorkspace();
  const image = filledImage(`${workspace.directory}/image.qcow2`);
  const log = `${workspace.directory}/syncs`;
  const syncsOf = (instances: number): number => {
    workspace.configure({ count: 0, image, disk: "64MiB", host });
    workspace.apply();
    workspace.configure({ count: instances, image, disk: "64MiB", host });
    const trace = ["-f", "-qq", "-e", "trace=fsync,fdatasync,syncfs,sync", "-o", log];
    runOnce("strace", [...trace, process.execPath, virtform, "apply", workspace.config, "--auto-approve"]);
    return readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => /\b(?:fsync|fdatasync|syncfs|sync)\(/.test(line)).length;
  };
  // A first run fetches the image.
  syncsOf(1);
  return [counted(what, (syncsOf(2 * count) - syncsOf(count)) / count, "calls", 8)];
}
