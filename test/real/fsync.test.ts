import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { onSync } from "../../src/host/local/durable.ts";
import { createLocalHost } from "../../src/host/local/local.ts";
import { apply, runOn } from "../crash/world.ts";
import type { FakeHost } from "../fake-host/host.ts";
import { createWorkspace } from "./support/workspace.ts";

/** More instances at a time give the figure of one, without what an apply costs once. */
const more = 10;

for (const backend of ["qcow2", "flat", "ploop"]) {
  test(`a stopped instance on ${backend} waits for the disk at most eight times`, async (t) => {
    const workspace = await createWorkspace(t);
    const image = `${workspace.directory}/image.raw`;
    await writeFile(image, Buffer.alloc(2 ** 20, "a disk without a partition table\0"));
    const yaml = (count: number) => `project: ${workspace.project}
host: { instances_path: ${workspace.instancesPath}, virt_type: qemu, images_type: ${backend}, allocation_ratio: { vcpus: 1000, memory: 1000 } }
images:
  plain: { source: ${image}, disk_format: raw }
flavors:
  small: { vcpus: 1, ram: 64MiB, disk: 16MiB }
instances:
  ${workspace.prefix}: { image: plain, flavor: small, count: ${count}, power_state: stopped, config_drive: { format: iso9660 } }
`;
    const applied = async (text: string) => {
      // Of a fake host, one that is not fake needs the net alone, which is empty here.
      const host = Object.assign(createLocalHost(), { machine: { urls: new Map() } });
      const run = await runOn(host as unknown as FakeHost, text);
      const { verdict, outcomes, plan } = await apply(run);
      assert.equal(verdict, "done", JSON.stringify([...outcomes.filter(({ status }) => status !== "done"), ...plan.diagnostics]));
    };
    await applied(yaml(2));
    const counts = { content: 0, names: 0 };
    const off = onSync((what) => {
      counts[what] += 1;
    });
    await applied(yaml(2 + more));
    off();
    const each = (counts.content + counts.names) / more;
    t.diagnostic(`${counts.content / more} of content, ${counts.names / more} of names`);
    assert.ok(each <= 8, `${each} an instance: ${JSON.stringify(counts)}`);
    await applied(yaml(0).replace("count: 0, ", "count: 1, "));
  });
}
