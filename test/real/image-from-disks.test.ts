import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { type Ceph, startCeph } from "../support/ceph.ts";
import { type LoopLvm, startLoopLvm } from "../support/loop-lvm.ts";
import { countingDisk } from "../support/speaking-disk.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { mustRun } from "./support/virtform.ts";
import { assertNoLeftovers, createWorkspace, readSidecars, virsh, waitForConsole, writeConfig } from "./support/workspace.ts";

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
  test(`a root disk and a volume in ${backend} become images while their guest runs, and when it is off`, async (t) => {
    const workspace = await createWorkspace(t);
    const { prefix, directory, instancesPath } = workspace;
    const name = `${prefix}-builder`;
    await writeFile(`${directory}/count.raw`, countingDisk("counted"));
    const configured = (power: "running" | "stopped", label?: "" | "#off") =>
      writeConfig(workspace, {
        host: { images_type: backend, ...host() },
        images: {
          count: { source: `${directory}/count.raw`, disk_format: "raw" },
          ...(label === undefined ? {} : { golden: { source: `instance://${name}/root${label}`, disk_format: "raw" } }),
          ...(label === undefined ? {} : { data: { source: `volume://data${label}`, disk_format: "raw" } }),
        },
        flavors: { small: { vcpus: 1, ram: "64MiB", disk: "8MiB" } },
        volumes: { data: { size: "8MiB", image: "count" } },
        instances: { [name]: { flavor: "small", image: "count", power_state: power, volumes: [{ volume: "data" }] } },
      });
    await configured("running");
    await apply(workspace);
    await waitForConsole(workspace, name, /^boots=1$/m);

    await configured("running", "");
    const running = await virtform("plan", directory);
    assert.match(running.stdout, /way +from a disk of \S+-builder while it runs/, running.stdout + running.stderr);
    assert.match(running.stdout, /way +from volume data of \S+-builder while it runs/);
    await apply(workspace);
    await assertConverged(workspace);
    await virsh("destroy", name);
    await configured("stopped", "#off");
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
      const taken = entries.flatMap(([entry, sidecar]) => (sidecar.image === image ? entry : []));
      assert.ok(taken.length === 2 && source !== undefined, `${image} ${JSON.stringify(sources)}`);
      const [format, opened] = open(source);
      // The guest has written nothing since: both are the same disk.
      for (const entry of taken)
        await mustRun("qemu-img", ["compare", "-U", "-f", "raw", "-F", format ?? "", `${instancesPath}/_base/${entry}`, opened ?? ""]);
    }
  });
}
