import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { stringify } from "yaml";
import { inProcess, isFree } from "./in-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { mustRun, type Result, run, type Surroundings, virtform } from "./virtform.ts";

type Section = Readonly<Record<string, unknown>>;

/** A configuration of one test's own on the real libvirt. No guest is ever started. */
export interface Workspace {
  /** Also the prefix of the names of its domains. */
  readonly project: string;
  /** Holds virtform.yaml and small.qcow2. */
  readonly directory: string;
  readonly instancesPath: string;
  /** Runs virtform in the directory: in this process, or in a child process when `env` is given or another command line runs in this one. */
  readonly run: (args: readonly string[], env?: Surroundings["env"]) => Promise<Result>;
  /** The same for what has to end with 0. */
  readonly mustRun: (args: readonly string[], env?: Surroundings["env"]) => Promise<Result>;
  /** Writes virtform.yaml: project, host, image `small` and flavor `tiny` unless they are given, and these instances. */
  readonly write: (instances: Section, sections?: Section) => Promise<void>;
}

/** Makes a workspace and sees to it that nothing of it is left after the test. */
export async function createWorkspace(t: TestContext): Promise<Workspace> {
  const project = `vfcli${randomBytes(3).toString("hex")}`;
  const directory = await temporaryDirectory(t);
  const instancesPath = await mkdtemp("/var/lib/vf-cli-");
  await chmod(instancesPath, 0o755);
  t.after(async () => {
    for (const name of await domainNames(project)) {
      await run("virsh", [...connect, "destroy", name]);
      await run("virsh", [...connect, "undefine", name, "--nvram"]);
    }
    await rm(instancesPath, { recursive: true, force: true });
  });
  await makeImage(`${directory}/small.qcow2`);
  const runHere: Workspace["run"] = (args, env) =>
    env === undefined && isFree() ? inProcess(args, directory) : virtform(args, { cwd: directory, env: env ?? {} });
  return {
    project,
    directory,
    instancesPath,
    run: runHere,
    async mustRun(args, env) {
      const result = await runHere(args, env);
      if (result.code !== 0) throw new Error(`virtform ${args.join(" ")} ended with ${result.code}:\n${result.stdout}${result.stderr}`);
      return result;
    },
    async write(instances, sections = {}) {
      const config = {
        project,
        host: { uri: "qemu:///system", instances_path: instancesPath, virt_type: "qemu", allocation_ratio: roomy },
        images: { small: { source: "./small.qcow2", disk_format: "qcow2" } },
        flavors: { tiny: { vcpus: 1, ram: "64MiB", disk: "128MiB" } },
        instances,
        ...sections,
      };
      await writeFile(`${directory}/virtform.yaml`, stringify(config));
    },
  };
}

/** An instance that is never started. */
export function stopped(fields: Section = {}): Section {
  return { image: "small", flavor: "tiny", power_state: "stopped", ...fields };
}

/** Whatever else runs on the machine, there is room: nothing is ever started. */
const roomy = { vcpus: 1000, memory: 1000, disk: 1000 };

const connect = ["-q", "-c", "qemu:///system"] as const;

/** Runs virsh, which has to succeed. */
export function virsh(...args: readonly string[]): Promise<string> {
  return mustRun("virsh", [...connect, ...args]);
}

/** The domains of a project, which begin with its name. */
export async function domainNames(project: string): Promise<string[]> {
  return (await virsh("list", "--all", "--name")).split("\n").filter((name) => name.startsWith(project));
}

/** A qcow2 image with random content, so that no two are alike. */
export async function makeImage(path: string, size = "64M"): Promise<void> {
  await mustRun("qemu-img", ["create", "-q", "-f", "qcow2", path, size]);
  await mustRun("qemu-io", [
    "-c",
    `write -q -P ${randomBytes(1)[0]} 0 64k`,
    "-c",
    `write -q -P ${randomBytes(1)[0]} 1M 64k`,
    "-c",
    `write -q -P ${randomBytes(1)[0]} 2M 64k`,
    path,
  ]);
}
