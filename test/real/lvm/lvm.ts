import assert from "node:assert/strict";
import { after } from "node:test";
import { driverOf } from "../../../src/drivers/index.ts";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { startLvmHost } from "../../support/lvm-host.ts";
import { virtform } from "../support/in-this-process.ts";
import { assertKnown, createWorkspace, tinyGuest, type Workspace, writeConfig } from "../support/workspace.ts";

// One machine for all tests of a file: its kernel intercepts every system call, which takes its time.
export const lvmHost = await startLvmHost({ after });
process.env["VIRTFORM_SSH"] = lvmHost.program;
export const host = createSshHost(lvmHost.target);
after(() => host.close());

export const MiB = 2 ** 20;
export const bootSeconds = 600;
/** A machine that does other things as well needs more than a test may have otherwise. */
export const slow = { timeout: 40 * 60_000 };
export const lvm = driverOf("lvm");
export const { group, extentSize } = lvmHost;
export const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
export const volumes = () => lines(lvmHost.run("lvs", "--noheadings", "-o", "lv_name", group)).sort();
export const field = (name: string, of: string) => lvmHost.run("lvs", "--noheadings", "--units", "b", "--nosuffix", "-o", name, of).trim();
export const virsh = (...args: readonly string[]) => lvmHost.run("virsh", "-q", "-c", "qemu:///system", ...args);
export const volumeOf = (disk: { readonly uuid: string; readonly name: string }) => `${disk.uuid}_${disk.name.replaceAll("_", "__")}`;

/** Takes all volumes away, their bytes included: what a test finds in a new volume is then the driver's. */
export function clear(): void {
  lvmHost.run("sh", "-c", clearing, "sh", group);
}

const clearing = `
set -e
names=$(lvs --noheadings -o lv_name "$1")
[ -n "$names" ] || exit 0
for name in $names; do blkdiscard -f -z "/dev/$1/$name"; done
lvremove -q -f "$1"
`;

export interface Wish {
  readonly disk?: string;
  readonly lvm?: Readonly<Record<string, unknown>>;
  readonly image?: string;
  readonly extra?: boolean;
  readonly runs?: boolean;
}

/** A guest of a test's own. Its images are in the cache already when another one had them. */
export async function prepare(t: Parameters<typeof createWorkspace>[0]) {
  const own = await createWorkspace(t);
  const there = { virsh, read: (path: string) => lvmHost.run("cat", path) };
  const workspace: Workspace = { ...own, instancesPath: "/var/lib/virtform/instances", there };
  const name = `${workspace.prefix}-one`;
  const write = ({ disk = "66MiB", lvm: settings = {}, image = tinyGuest.disk, extra = true, runs = false }: Wish = {}) =>
    writeConfig(workspace, {
      host: { uri: lvmHost.uri, images_type: "lvm", lvm: { volume_group: group, ...settings } },
      images: { tiny: { source: image, disk_format: "qcow2" } },
      flavors: { small: { vcpus: 1, ram: "192MiB", disk, ...(extra ? { ephemeral: "32MiB", swap: "16MiB" } : {}) } },
      instances: {
        [name]: {
          image: "tiny",
          flavor: "small",
          power_state: runs ? "running" : "stopped",
        },
      },
    });
  await write();
  const uuid = () => virsh("domuuid", name).trim();
  return { workspace, name, write, uuid };
}

export async function destroy(workspace: Workspace): Promise<void> {
  const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
}

export function assertNoLeftovers({ instancesPath }: Workspace): void {
  assertKnown(
    lines(lvmHost.run("find", instancesPath, "-mindepth", "1", "(", "-type", "d", "-printf", "%P/\\n", ")", "-o", "-printf", "%P\\n")),
  );
}
