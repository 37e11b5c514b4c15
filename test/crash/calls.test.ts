import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, createWorld, runOn } from "./world.ts";

const few = 2;
/** More instances at a time give the figure of one, without what an apply costs once. */
const more = 10;

const yaml = (count: number, power: "stopped" | "running") => `project: shop
host: { instances_path: /var/lib/virtform/instances, virt_type: qemu, images_type: qcow2, allocation_ratio: { vcpus: 1000, memory: 1000 } }
images: { debian: { source: "https://images.test/debian.qcow2", disk_format: qcow2 } }
flavors: { small: { vcpus: 1, ram: 64MiB, disk: 1GiB } }
instances: { web: { image: debian, flavor: small, count: ${count}, power_state: ${power} } }
`;

/** Calls of libvirt that one more instance takes when it is created, and when it is destroyed. */
async function callsOfOne(power: "stopped" | "running"): Promise<{ readonly created: number; readonly destroyed: number }> {
  const created: number[] = [];
  const destroyed: number[] = [];
  for (const count of [few, few + more]) {
    const machine = createWorld();
    const carryOut = async (destroy: boolean) => {
      const calls: string[] = [];
      const host = { ...machine.boot(), onTrace: (what: string) => void (what.startsWith("libvirt ") && calls.push(what)) };
      const { verdict } = await apply(await runOn(host, yaml(count, power), { destroy }));
      await host.close();
      assert.equal(verdict, "done");
      return calls.length;
    };
    created.push(await carryOut(false));
    destroyed.push(await carryOut(true));
  }
  const each = ([one = 0, other = 0]: readonly number[]) => (other - one) / more;
  return { created: each(created), destroyed: each(destroyed) };
}

for (const [power, most] of [
  ["stopped", { created: 3, destroyed: 8 }],
  ["running", { created: 9, destroyed: 9 }],
] as const) {
  test(`a ${power} instance takes at most ${most.created} calls of libvirt to create and ${most.destroyed} to destroy`, async (t) => {
    const { created, destroyed } = await callsOfOne(power);
    t.diagnostic(`${created} to create, ${destroyed} to destroy`);
    assert.ok(created > 0 && created <= most.created, `${created} to create`);
    assert.ok(destroyed > 0 && destroyed <= most.destroyed, `${destroyed} to destroy`);
  });
}
