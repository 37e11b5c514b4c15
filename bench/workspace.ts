import { randomFillSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runOnce } from "./measure.ts";

/** The command line of virtform, from this checkout. */
export const virtform = fileURLToPath(new URL("../bin/virtform.js", import.meta.url));

/** A place of its own for one benchmark; everything in it and its domains go when it is disposed of. */
export interface Workspace extends Disposable {
  readonly directory: string;
  readonly instances: string;
  readonly project: string;
  /** Writes the configuration: `count` stopped instances of one image. */
  configure(options: { readonly count: number; readonly image: string; readonly disk?: string; readonly host?: string }): void;
  /** Runs virtform on that configuration. */
  run(command: string, ...args: string[]): ReturnType<typeof runOnce>;
}

/**
 * libvirt's qemu user has to get in, so not below /tmp with its private directories or a home. `uri` leads to the host that the
 * instances are on, under the same path.
 */
export function createWorkspace(uri = "qemu:///system"): Workspace {
  mkdirSync("/var/lib/virtform-bench", { recursive: true });
  const directory = mkdtempSync("/var/lib/virtform-bench/");
  const instances = `${directory}/instances`;
  const project = `bench-${directory
    .slice(-6)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "x")}`;
  const config = `${directory}/virtform.yaml`;
  const run: Workspace["run"] = (command, ...args) => runOnce(process.execPath, [virtform, command, config, ...args], { accept: [2] });
  return {
    directory,
    instances,
    project,
    run,
    configure({ count, image, disk = "4GiB", host = "images_type: qcow2" }) {
      writeFileSync(
        config,
        `project: ${project}
host: { uri: "${uri}", instances_path: ${instances}, virt_type: qemu, ${host}, allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 } }
images: { base: { source: ${image}, disk_format: qcow2 } }
flavors: { tiny: { vcpus: 1, ram: 64MiB, disk: ${disk} } }
instances: { ${project}: { count: ${count}, image: base, flavor: tiny, power_state: stopped, networks: [ { user: true } ], metadata: { role: bench } } }
`,
      );
    },
    [Symbol.dispose]() {
      run("destroy", "--auto-approve", "--allow-destroy", "--parallelism", "16");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A small qcow2 image with something in it. */
export function smallImage(path: string): string {
  runOnce("qemu-img", ["create", "-q", "-f", "qcow2", path, "256M"]);
  return path;
}

/** A qcow2 image of 16 MiB, a quarter of it data. */
export function filledImage(path: string): string {
  const data = Buffer.alloc(16 * 2 ** 20);
  randomFillSync(data, 0, 4 * 2 ** 20);
  writeFileSync(`${path}.raw`, data);
  runOnce("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", `${path}.raw`, path]);
  rmSync(`${path}.raw`);
  return path;
}
