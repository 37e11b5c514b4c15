import { randomFillSync } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runOnce, type Sample } from "./measure.ts";

/** The command line of virtform, from this checkout. */
export const virtform = fileURLToPath(new URL("../bin/virtform.js", import.meta.url));

/** What a benchmark configures: `count` instances of one image. */
export interface Wanted {
  readonly count: number;
  readonly image: string;
  readonly format?: "qcow2" | "raw";
  readonly disk?: string;
  readonly host?: string;
  readonly power?: "running" | "stopped";
}

/** A directory and a project of a benchmark; disposing of it destroys the instances and removes the directory. */
export interface Workspace extends Disposable {
  readonly directory: string;
  readonly config: string;
  readonly project: string;
  configure(wanted: Wanted): void;
  /** Configures qcow2 images by name, and no instance. */
  configureImages(sources: Readonly<Record<string, string>>): void;
  /** Runs virtform on that configuration. */
  run(command: string, ...args: string[]): Sample;
  apply(): Sample;
  destroy(): Sample;
}

const atOnce = ["--parallelism", "16"] as const;

/**
 * Not below /tmp or a home, whose private directories libvirt's qemu user cannot enter. `uri` leads to the host of the instances,
 * where the directory has the same path.
 */
export function createWorkspace(uri = "qemu:///system"): Workspace {
  mkdirSync("/var/lib/virtform-bench", { recursive: true });
  const directory = mkdtempSync("/var/lib/virtform-bench/");
  chmodSync(directory, 0o755);
  const instances = `${directory}/instances`;
  const project = `bench-${directory
    .slice(-6)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "x")}`;
  const config = `${directory}/virtform.yaml`;
  const run: Workspace["run"] = (command, ...args) => runOnce(process.execPath, [virtform, command, config, ...args], { accept: [2] });
  const destroy = () => run("destroy", "--auto-approve", "--allow-destroy", ...atOnce);
  const hostLine = (more: string) => `host: { uri: "${uri}", instances_path: ${instances}, virt_type: qemu, ${more} }`;
  return {
    directory,
    config,
    project,
    run,
    configureImages(sources) {
      const images = Object.entries(sources).map(([name, source]) => `  ${name}: { source: "${source}", disk_format: qcow2 }`);
      writeFileSync(config, [`project: ${project}`, hostLine("images_type: qcow2"), "images:", ...images, ""].join("\n"));
    },
    apply: () => run("apply", "--auto-approve", "--allow-destroy", ...atOnce),
    destroy,
    configure({ count, image, format = "qcow2", disk = "4GiB", host = "images_type: qcow2", power = "stopped" }) {
      const ratios = "allocation_ratio: { vcpus: 10000, memory: 10000, disk: 10000 }";
      writeFileSync(
        config,
        `project: ${project}
${hostLine(`${host}, ${ratios}`)}
images: { base: { source: ${image}, disk_format: ${format} } }
flavors: { tiny: { vcpus: 1, ram: 64MiB, disk: ${disk} } }
instances: { ${project}: { count: ${count}, image: base, flavor: tiny, power_state: ${power}, networks: [ { user: true } ], metadata: { role: bench } } }
`,
      );
    },
    [Symbol.dispose]() {
      destroy();
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
