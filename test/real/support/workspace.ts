import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { TestContext } from "node:test";
import { stringify } from "yaml";
import { haltingKernel } from "../../support/speaking-disk.ts";
import { until } from "./until.ts";
import { checkout, mustRun, type Result, runProgram, virtform } from "./virtform.ts";
import { virtformInProcess } from "./virtform-in-process.ts";

const libvirt = ["-q", "-c", "qemu:///system"] as const;

/** A public key whose private half no longer exists. */
export const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFYzXWcBLRbyDrJoSGTnHgvbMBe5CfWZlMYHXZdBMOpz real-test";

/** Files of a guest that is started with a kernel. */
export interface GuestFiles {
  /** qcow2. */
  readonly disk: string;
  readonly kernel: string;
  readonly ramdisk: string;
}

/** The files of the tiny guest. */
export const tinyGuest: GuestFiles = {
  disk: `${checkout}.cache/guest/root.qcow2`,
  kernel: `${checkout}.cache/guest/vmlinuz`,
  ramdisk: `${checkout}.cache/guest/initramfs.img`,
};

/** Makes the files of a guest that halts at once: for tests of which it is enough that it runs. */
export async function haltingGuest(directory: string): Promise<GuestFiles> {
  const [disk, kernel, ramdisk] = ["root.qcow2", "vmlinuz", "initramfs.img"].map((name) => `${directory}/${name}`) as [
    string,
    string,
    string,
  ];
  await writeFile(kernel, haltingKernel());
  await writeFile(ramdisk, "no ramdisk\n");
  await writeFile(`${disk}.raw`, randomBytes(2 ** 20));
  await mustRun("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", `${disk}.raw`, disk]);
  return { disk, kernel, ramdisk };
}

/** A test's own configuration directory, an instances path that guests can reach, and unique names. */
export interface Workspace {
  readonly project: string;
  /** Prefix for the names of instances, which are names of domains and so shared by the whole host. */
  readonly prefix: string;
  /** Holds virtform.yaml. */
  readonly directory: string;
  readonly instancesPath: string;
  /** Present where the guests are on another machine. */
  readonly there?: {
    readonly virsh: (...args: readonly string[]) => string;
    /** The content of a file; throws when there is none. */
    readonly read: (path: string) => string;
  };
}

/** Makes a workspace and sees to it that nothing of it is left after the test. */
export async function createWorkspace(t: TestContext): Promise<Workspace> {
  // bin/test knows the guests of a test file by its mark. As long with it as without: columns of a plan depend on it.
  const id = `${process.env["VIRTFORM_TEST_MARK"] ?? randomBytes(1).toString("hex")}${randomBytes(2).toString("hex")}`;
  const directory = await mkdtemp(`${tmpdir()}/virtform-real-`);
  const instancesPath = await mkdtemp("/var/lib/virtform-test-");
  // The emulator's user has to pass through.
  await chmod(instancesPath, 0o755);
  const workspace = { project: `real-${id}`, prefix: `vt${id}`, directory, instancesPath };
  t.after(async () => {
    await removeDomains(workspace);
    await removeFilters(workspace);
    await Promise.all([directory, instancesPath].map((path) => rm(path, { recursive: true, force: true })));
  });
  return workspace;
}

/** Removes the domains whose names start with the workspace's prefix, whatever state they are in. */
async function removeDomains({ prefix }: Workspace): Promise<void> {
  const names = (await virsh("list", "--all", "--name")).split("\n").filter((name) => name.startsWith(prefix));
  for (const name of names) {
    await runProgram("virsh", [...libvirt, "destroy", name]);
    await runProgram("virsh", [...libvirt, "undefine", name, "--nvram", "--managed-save"]);
  }
}

/**
 * The network filters of the workspace's project, from libvirt's own files: `virsh nwfilter-list` locks all of them at once, which can make libvirtd
 * hang while a guest with filters starts.
 */
export async function filtersOf({ project }: Workspace): Promise<string[]> {
  const files = await readdir("/etc/libvirt/nwfilter");
  return files.filter((file) => file.startsWith(`virtform:${project}:`)).map((file) => file.replace(/\.xml$/, ""));
}

/** Removes the network filters of the workspace's project; those of groups after those that refer to them. */
async function removeFilters(workspace: Workspace): Promise<void> {
  for (const name of (await filtersOf(workspace)).sort().reverse()) await runProgram("virsh", [...libvirt, "nwfilter-undefine", name]);
}

/** Runs virsh, which has to succeed. */
export function virsh(...args: readonly string[]): Promise<string> {
  return mustRun("virsh", [...libvirt, ...args]);
}

/**
 * Command line of the tiny guest in tests: the consoles that virtform names, and no work of the kernel that an emulated processor is slow at
 * and that no test needs: messages, self-tests of ciphers, calibration of the clock, security modules, patches of its own code.
 */
const quickCommandLine =
  "root=/dev/vda console=tty0 console=ttyS0 console=hvc0 no_timer_check quiet tsc=reliable cryptomgr.notests audit=0 lsm= noreplace-smp rodata=off";

/** The tiny guest's three images; `source` says where a file comes from, `disk` is another root image. */
export function tinyImages(source?: (path: string) => string, disk: string = tinyGuest.disk): Record<string, unknown> {
  const { tiny, ...others } = guestImages({ ...tinyGuest, disk }, source);
  return { tiny: { ...(tiny as object), properties: { os_command_line: quickCommandLine } }, ...others };
}

/** Three images of these files, named as the tiny guest's. */
export function guestImages(files: GuestFiles, source: (path: string) => string = (path) => path): Record<string, unknown> {
  return {
    tiny: {
      source: source(files.disk),
      disk_format: "qcow2",
      kernel: "tiny-kernel",
      ramdisk: "tiny-ramdisk",
    },
    "tiny-kernel": { source: source(files.kernel), disk_format: "aki" },
    "tiny-ramdisk": { source: source(files.ramdisk), disk_format: "ari" },
  };
}

/** Room beside the guests of other tests, which count on the same host. */
export const roomy = { vcpus: 1000, memory: 1000 };

/** Writes virtform.yaml: sections as plain data, project and host filled in. */
export async function writeConfig(workspace: Workspace, sections: Readonly<Record<string, unknown>>): Promise<void> {
  const { host, ...others } = sections;
  const config = {
    project: workspace.project,
    host: {
      uri: "qemu:///system",
      instances_path: workspace.instancesPath,
      virt_type: "qemu",
      allocation_ratio: roomy,
      ...(host as object | undefined),
    },
    ...others,
  };
  await mkdir(workspace.directory, { recursive: true });
  await writeFile(`${workspace.directory}/virtform.yaml`, stringify(config));
}

/** Applies the workspace's configuration, which has to succeed. */
export async function apply(workspace: Workspace, ...options: readonly string[]): Promise<Result> {
  return assertApplied(await virtform("apply", workspace.directory, "--auto-approve", ...options));
}

/** What an apply ended with, which has to be success. */
export function assertApplied(result: Result): Result {
  assert.equal(result.code, 0, `apply failed:\n${result.stdout}${result.stderr}`);
  return result;
}

/** A plan has to find nothing to do, and to say so. */
export async function assertConverged(workspace: Workspace): Promise<void> {
  assertNothingPlanned(await virtform("plan", workspace.directory, "--detailed-exitcode"));
}

/** What a plan with `--detailed-exitcode` ended with, which has to be that there is nothing to do. */
export function assertNothingPlanned(result: Result): void {
  assert.equal(result.code, 0, `the plan is not empty:\n${result.stdout}${result.stderr}`);
  assert.match(result.stdout, /No changes\. The host matches the configuration\./);
}

/**
 * Waits until the console log of an instance has a line that matches, and gives the whole log, as `virtform console` has it. Until then
 * the log itself is read: a new process each time would take the processor away from the guest.
 */
export async function waitForConsole(workspace: Workspace, name: string, marker: RegExp, seconds = 180): Promise<string> {
  const { there, instancesPath } = workspace;
  const uuid = (there === undefined ? await virsh("domuuid", name) : there.virsh("domuuid", name)).trim();
  const path = `${instancesPath}/${uuid}/console.log`;
  let log = "";
  const matches = () => (marker.test(log) ? true : undefined);
  const read = async () => {
    try {
      log = plain(there === undefined ? await readFile(path, "utf8") : there.read(path));
    } catch {
      // It has said nothing yet.
    }
    return matches();
  };
  const last = () => log.split("\n").slice(-40).join("\n");
  await until(`console line ${marker} of ${name}`, seconds, read, last, there === undefined ? 200 : 2000);
  const shown = await virtformInProcess("console", name, workspace.directory);
  assert.equal(shown.code, 0, shown.stdout + shown.stderr);
  log = plain(shown.stdout);
  assert.ok(matches(), `virtform console shows no ${marker}:\n${last()}`);
  return log;
}

function plain(log: string): string {
  return log.replaceAll("\r", "");
}

/** What the tiny guest said last: values by name, disks by device in bytes, user data as the drive has it. */
export function readMarkers(log: string) {
  const lines = log.split("\n");
  const value = (name: string) =>
    lines.findLast((line) => line.startsWith(`virtform-guest: ${name}=`))?.slice(`virtform-guest: ${name}=`.length);
  const disks = Object.fromEntries(
    Array.from(log.matchAll(/^virtform-guest: disk=(\w+) bytes=(\d+)$/gm), ([, name, bytes]) => [name, Number(bytes)]),
  );
  const keys = Array.from(log.matchAll(/^virtform-guest: key=(.*)$/gm), ([, key]) => key);
  const userData = Array.from(log.matchAll(/^virtform-guest: user_data<<END\n([\s\S]*?)\nvirtform-guest: END$/gm)).at(-1)?.[1];
  return { value, disks, keys, userData };
}

/** Files and directories below a path, relative to it, sorted; directories end in a slash. */
export async function tree(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .map((entry) => `${entry.parentPath.slice(path.length + 1)}/${entry.name}${entry.isDirectory() ? "/" : ""}`.replace(/^\//, ""))
    .sort();
}

/**
 * What is below the instances path may only be what the layout knows: anything else was left behind by a run that did
 * not finish.
 */
export async function assertNoLeftovers(workspace: Workspace): Promise<void> {
  assertKnown(await tree(workspace.instancesPath));
}

/** The same for a list of paths relative to an instances path, directories ending in a slash. */
export function assertKnown(paths: readonly string[]): void {
  const known = [
    /^(_base|locks|journal|projects)\/$/,
    /^projects\/[a-z0-9-]+\.json$/,
    /^_base\/[0-9a-f]{40}(\.json)?$/,
    /^_base\/templates\//,
    /^_base\/ephemeral_[^/]*$/,
    /^_base\/swap_[^/]*$/,
    /^(locks|journal)\/[^/]+$/,
    /^volumes\/([0-9a-f-]{36}\/(disk|disk\.info|virtform\.json)?)?$/,
    /^(volumes\/)?[0-9a-f-]{36}\/disk(\.local|\.eph\d+|\.swap)?\/(root\.hds|DiskDescriptor\.xml)?$/,
    /^[0-9a-f-]{36}\/((disk|disk\.local|disk\.eph\d+|disk\.swap|disk\.config|disk\.info|kernel|ramdisk|libvirt\.xml|console\.log(\.previous-\d)?|virtform\.json))?$/,
  ];
  const unknown = paths.filter((path) => !known.some((pattern) => pattern.test(path)));
  assert.deepEqual(unknown, [], "leftovers below the instances path");
}

/** The sidecars of the base images in the cache, by file name. */
export async function readSidecars(workspace: Workspace): Promise<Record<string, { readonly image: string; readonly source: string }>> {
  const base = `${workspace.instancesPath}/_base`;
  const names = (await readdir(base)).filter((name) => /^[0-9a-f]{40}\.json$/.test(name));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name.slice(0, -5), JSON.parse(await readFile(`${base}/${name}`, "utf8"))])),
  );
}
