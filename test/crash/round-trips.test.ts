import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { createSshHost } from "../../src/host/ssh/ssh.ts";
import type { FakeHost } from "../fake-host/host.ts";
import { createMachine } from "../fake-host/machine.ts";
import { testDirectory } from "../unit/host/directory.ts";
import { fakeSsh, target } from "../unit/host/ssh/fake-ssh.ts";
import { apply, planOf, runOn } from "./world.ts";

/** More instances at a time give the figure of one, without what an apply costs once. */
const more = 20;

process.env["VIRTFORM_SSH"] = fakeSsh({ after }).program;

test("files, labels, locks and journal of a stopped instance take at most four round trips, and a plan of any size five", async (t) => {
  const directory = await testDirectory(t);
  mkdirSync(`${directory}/instances`);
  writeFileSync(`${directory}/image.raw`, Buffer.alloc(2 ** 20, "a disk without a partition table\0"));
  // The libvirt is the fake machine's; all else is done by the helper program, on this machine.
  const machine = createMachine();
  const counted = async <T>(work: (host: FakeHost) => Promise<T>) => {
    const turns: string[] = [];
    const ssh = createSshHost(target, { onRoundTrip: (what) => turns.push(what) });
    const libvirt = machine.boot();
    const host = {
      ...libvirt,
      dead: false,
      files: ssh.files,
      lock: ssh.lock,
      rewrite: ssh.rewrite,
      isLocked: ssh.isLocked,
      run: ssh.run,
      // The state directory of this machine has the claims of other applies that run on it, which would add round trips.
      account: async () => ({ ...(await libvirt.account()), stateDirectory: `${directory}/state` }),
      download: ssh.download,
      close: async () => {
        await libvirt.close();
        await ssh.close();
      },
    };
    return { result: await work(host), turns };
  };
  const yaml = (count: number) => `project: shop
host: { instances_path: ${directory}/instances, virt_type: qemu, images_type: qcow2, allocation_ratio: { vcpus: 1000 } }
images:
  plain: { source: ${directory}/image.raw, disk_format: raw }
flavors:
  small: { vcpus: 1, ram: 64MiB, disk: 16MiB }
instances:
  web: { image: plain, flavor: small, count: ${count}, power_state: stopped, config_drive: { format: iso9660 } }
`;
  const applied = async (count: number) => {
    const { result, turns } = await counted(async (host) => apply(await runOn(host, yaml(count))));
    const { verdict, outcomes, plan } = result;
    assert.equal(verdict, "done", JSON.stringify([...outcomes.filter(({ status }) => status !== "done"), ...plan.diagnostics]));
    return turns;
  };
  await applied(2);
  const few = await applied(3);
  const many = await applied(3 + more);
  const each = (many.length - few.length) / (more - 1);
  t.diagnostic(`${each} round trips an instance`);
  t.diagnostic(`${few.length} round trips for an apply of 3`);
  // It needs 2.4 an instance, 18 for three instances and 4 for a plan. What actions of several instances ask at the same time shares round trips, and a
  // busy machine asks less at the same time: the limits leave room for that.
  assert.ok(each <= 4, `${each} an instance`);
  assert.ok(few.length <= 24, few.join(", "));

  const { result, turns } = await counted(async (host) => planOf(await runOn(host, yaml(3 + more))));
  assert.deepEqual(result.changes, []);
  t.diagnostic(`${turns.length} round trips for a plan`);
  assert.ok(turns.length <= 5, turns.join(", "));
});
