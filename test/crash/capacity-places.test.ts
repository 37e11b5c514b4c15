import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld, planOf, runOn } from "./world.ts";

const yaml = (host: string, more = "") => `project: shop
host: { virt_type: qemu${host} }
images: { debian: { source: https://images.test/debian.qcow2, disk_format: qcow2 } }
flavors: { huge: { vcpus: 1, ram: 900GiB, disk: 2GiB } }
instances: { web: { image: debian, flavor: huge${more} } }
`;

async function places(text: string) {
  const { diagnostics } = await planOf(await runOn(createWorld().boot(), text));
  return diagnostics.filter(({ severity }) => severity === "error").map(({ code, pointer }) => `${code} ${pointer?.join(".")}`);
}

test("a shortage is where the setting that limits the room is written, else at the guests", async () => {
  assert.deepEqual(await places(yaml("")), ["insufficient-memory instances"]);
  assert.deepEqual(await places(yaml(", allocation_ratio: { memory: 2 }")), ["insufficient-memory host.allocation_ratio.memory"]);
  assert.deepEqual(await places(yaml(", limits: { memory: 1GiB }, allocation_ratio: { memory: 1000 }")), [
    "insufficient-memory host.limits.memory",
  ]);
});
