import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { connectAgent } from "../fake-host/backups.ts";
import type { Machine } from "../fake-host/machine.ts";
import { makeQcow2 } from "../fake-host/qcow2.ts";
import { readSparse } from "../fake-host/sparse.ts";
import { guests } from "./guests.ts";
import { killEverywhere, killedStates, leftovers } from "./kill-everywhere.ts";
import { applied, apply, createWorld, runOn } from "./world.ts";

/** An image with binary content: the fake network usually serves text. */
const source = "https://images.test/binary.qcow2";
const content = readSparse(makeQcow2({ size: 64 * 2 ** 20, data: Buffer.alloc(9000, "\u0000\u00ff\u0001", "latin1") }));
const sha256 = createHash("sha256").update(content).digest("hex");
const withoutGolden = guests()
  .replace(/source: .*/, `source: ${source}`)
  .replace(/checksum: .*/, `checksum: sha256:${sha256}`);
const withGolden = withoutGolden.replace("images:\n", `images:\n  golden: { source: "instance://web/root", disk_format: raw }\n`);

/** A machine with a running guest. `agent`: its guest agent is connected. */
async function running(agent: boolean): Promise<Machine> {
  const machine = createWorld();
  machine.urls.set(source, content);
  await applied(machine, withoutGolden);
  if (agent) connectAgent(webOf(machine));
  return machine;
}

function webOf(machine: Machine) {
  const guest = machine.libvirtd.find("web");
  assert.ok(guest !== undefined);
  return guest;
}

for (const way of ["kill -9", "power cut, unsynced names kept"] as const) {
  test(`the image of a running guest survives a ${way} at every effect`, async () => {
    assert.ok((await killEverywhere({ from: await running(true), yaml: withGolden }, way)) > 5);
  });
}

test("the next apply thaws the guest and ends the backup job that a kill left, also when the image is no longer declared", async () => {
  const { states } = await killedStates({ from: await running(true), yaml: withGolden }, "kill -9");
  const frozen = states.find(({ effect }) => effect === "thaw web");
  assert.ok(frozen !== undefined);
  const { machine } = frozen;
  assert.deepEqual([webOf(machine).frozen, webOf(machine).backup?.state], [true, "started"]);
  await applied(machine, withoutGolden);
  assert.deepEqual([webOf(machine).frozen, webOf(machine).backup], [false, undefined]);
  assert.deepEqual(leftovers(machine), []);
});

test("a guest that a kill left frozen is thawed before libvirt has ended the backup job", async () => {
  const { states } = await killedStates({ from: await running(true), yaml: withGolden }, "kill -9");
  const left = states.find(({ effect }) => effect === "thaw web")?.machine;
  assert.ok(left !== undefined);
  const next = await killedStates({ from: left, yaml: withoutGolden }, "kill -9");
  const thawing = next.states.find(({ effect }) => effect === "thaw web")?.machine;
  assert.ok(thawing !== undefined);
  assert.equal(webOf(thawing).backup?.state, "aborted");
});

test("an apply of containers that shares the instances path thaws the guest that a killed apply left frozen", async () => {
  const path = "/srv/virtform";
  const sharing = (text: string) => text.replace("host: {", `host: { instances_path: ${path},`);
  const machine = createWorld();
  machine.urls.set(source, content);
  await applied(machine, sharing(withoutGolden));
  connectAgent(webOf(machine));
  const { states } = await killedStates({ from: machine, yaml: sharing(withGolden) }, "kill -9");
  const frozen = states.find(({ effect }) => effect === "thaw web")?.machine;
  assert.ok(frozen !== undefined && webOf(frozen).frozen);
  await applied(frozen, `project: boxes\nhost: { virt_type: lxc, instances_path: ${path} }\n`);
  assert.deepEqual([webOf(frozen).frozen, webOf(frozen).backup], [false, undefined]);
  assert.deepEqual(leftovers(frozen, path), []);
});

test("a backup job of another program keeps running, and the image of the guest fails", async () => {
  const machine = await running(false);
  const job = { document: "<domainbackup mode='push'><disks/></domainbackup>", state: "running" } as const;
  webOf(machine).backup = job;
  const { outcomes } = await apply(await runOn(machine.boot(), withGolden));
  assert.deepEqual(
    outcomes.filter(({ status }) => status === "failed").map(({ action }) => action),
    ["image/golden#fetch"],
  );
  assert.equal(webOf(machine).backup, job);
  assert.deepEqual(leftovers(machine), []);
});

test("the image fails when the guest agent refuses to freeze, and file systems that another program froze stay frozen", async () => {
  const machine = await running(true);
  webOf(machine).frozen = true;
  const { outcomes } = await apply(await runOn(machine.boot(), withGolden));
  const failed = outcomes.filter(({ status }) => status === "failed").flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code));
  assert.deepEqual(failed, ["guest-not-frozen"]);
  assert.equal(webOf(machine).frozen, true);
  assert.deepEqual(leftovers(machine), []);
});
