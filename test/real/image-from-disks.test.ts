import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { type Ceph, startCeph } from "../support/ceph.ts";
import { type LoopLvm, startLoopLvm } from "../support/loop-lvm.ts";
import { countingDisk } from "../support/speaking-disk.ts";
import { mustRun, virtform } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  assertNoLeftovers,
  createWorkspace,
  readSidecars,
  virsh,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

const MiB = 2 ** 20;

let ceph: Ceph;
let lvm: LoopLvm;
before(async () => {
  ceph = await startCeph(["vms"]);
  lvm = startLoopLvm(1024 * MiB);
  process.env["PATH"] = `${lvm.programs}:${process.env["PATH"]}`;
});
after(async () => {
  lvm?.stop();
  await ceph?.stop();
});

/** Backends, the settings that each needs, and how qemu-img opens what a domain names as the source of a disk. */
const backends: Readonly<Record<string, { readonly host: () => object; readonly open: (source: string) => readonly string[] }>> = {
  lvm: { host: () => ({ lvm: { volume_group: lvm.group } }), open: (source) => ["raw", source] },
  rbd: { host: () => ({ rbd: { pool: "vms", conf: ceph.conf } }), open: (source) => ["raw", `rbd:${source}:conf=${ceph.conf}`] },
  flat: { host: () => ({}), open: (source) => ["raw", source] },
  qcow2: { host: () => ({}), open: (source) => ["qcow2", source] },
};

for (const [backend, { host, open }] of Object.entries(backends)) {
  test(`a root disk and a volume in ${backend} become images while their guest is off`, async (t) => {
    const workspace = await createWorkspace(t);
    const { prefix, directory, instancesPath } = workspace;
    const name = `${prefix}-builder`;
    await writeFile(`${directory}/count.raw`, countingDisk("counted"));
    const configured = (power: "running" | "stopped", taken: boolean) =>
      writeConfig(workspace, {
        host: { images_type: backend, ...host() },
        images: {
          count: { source: `${directory}/count.raw`, disk_format: "raw" },
          ...(taken ? { golden: { source: `instance://${name}/root`, disk_format: "raw" } } : {}),
          ...(taken ? { data: { source: "volume://data", disk_format: "raw" } } : {}),
        },
        flavors: { small: { vcpus: 1, ram: "64MiB", disk: "8MiB" } },
        volumes: { data: { size: "8MiB", image: "count" } },
        instances: { [name]: { flavor: "small", image: "count", power_state: power, volumes: [{ volume: "data" }] } },
      });
    await configured("running", false);
    await apply(workspace);
    await waitForConsole(workspace, name, /^boots=1$/m);

    await configured("running", true);
    const running = await virtform("plan", directory);
    const words = `${running.stdout} ${running.stderr}`.replaceAll(/\s+/g, " ");
    assert.match(words, /The disk of instance \S+-builder is in use/);
    assert.match(words, /The disk of volume data is in use/);

    await virsh("destroy", name);
    await configured("stopped", true);
    await apply(workspace);
    await assertConverged(workspace);
    await assertNoLeftovers(workspace);
    const listed = (await virsh("domblklist", name)).split("\n").map((line) => line.trim().split(/\s+/));
    const sources = listed.flatMap(([target, source]) => (/^vd/.test(target ?? "") && source !== undefined ? [source] : []));
    const entries = Object.entries(await readSidecars(workspace));
    for (const [image, source] of [
      ["golden", sources[0]],
      ["data", sources[1]],
    ] as const) {
      const [entry] = entries.find(([, sidecar]) => sidecar.image === image) ?? [];
      assert.ok(entry !== undefined && source !== undefined, `${image} ${JSON.stringify(sources)}`);
      const [format, opened] = open(source);
      await mustRun("qemu-img", ["compare", "-U", "-f", "raw", "-F", format ?? "", `${instancesPath}/_base/${entry}`, opened ?? ""]);
    }
  });
}
