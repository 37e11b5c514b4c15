import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../src/model/errors.ts";
import { reconcile } from "../../src/reconcile.ts";
import type { Machine } from "../fake-host/machine.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { shop } from "./shop.ts";
import { applied, apply, createWorld, planOf, root, runOn, summary } from "./world.ts";

const yaml = shop();
const replaced = "replace disk/web.root: disk is missing; its data is lost";

/** A machine on which this was applied and the root disk of web is gone since. */
async function robbed(): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, yaml);
  machine.files.unlink(`${directory(machine)}/disk`);
  return machine;
}

function directory(machine: Machine): string {
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  return `${root}/${domain.uuid}`;
}

test("a missing disk is recreated only with consent, and the guest is restarted with the new one", async () => {
  const machine = await robbed();
  const run = await runOn(machine.boot(), yaml);
  assert.ok(summary(await planOf(run)).includes(replaced));
  const options = { autoApprove: true, allowDestroy: [], parallelism: 4, lockTimeoutMs: 60_000, stop: new AbortController().signal };
  const reporter = { event: () => undefined, close: async () => undefined };
  const host = machine.boot();
  await assert.rejects(reconcile([await runOn(host, yaml)], { ...options, reporter }), (error) => {
    assert.ok(error instanceof UserError);
    assert.deepEqual(
      error.diagnostics.map(({ code, address, summary: words }) => [code, address, words]),
      [["destroy-not-allowed", "disk/web.root", "This would destroy data of 1GiB disk web.root, which is missing"]],
    );
    return true;
  });
  await host.close();
  assert.equal(machine.files.find(`${directory(machine)}/disk`), undefined);
  await applied(machine, yaml);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), []);
  machine.files.unlink(`${directory(machine)}/disk`);
  assert.ok(summary(await planOf(await runOn(machine.boot(), yaml))).includes(replaced), "a second loss is noticed as well");
});

test("what is only a copy of an image is made again without asking", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  machine.files.unlink(`${directory(machine)}/kernel`);
  const plan = await planOf(await runOn(machine.boot(), yaml));
  assert.deepEqual(
    plan.actions.map(({ id, destroys }) => [id, destroys]),
    [["disk/web.kernel#create", undefined]],
  );
});

for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
  test(`a disk that is gone, ${way}`, async () => {
    await killEverywhere({ from: await robbed(), yaml }, way);
  });
}

test("a replacement that was agreed to and interrupted does not ask again for what is gone by then", async () => {
  const other = shop({ image: "fedora" });
  const before = createWorld();
  await applied(before, yaml);
  let interrupted = 0;
  for (let count = 0; ; count += 1) {
    const machine = before.clone();
    const host = machine.boot();
    host.dieAfter(count);
    await apply(await runOn(host, other)).catch((error: unknown) => {
      if (!host.dead) throw error;
    });
    if (!host.dead) break;
    const gone = machine.files.find(`${directory(machine)}/disk`) === undefined;
    if (gone) interrupted += 1;
    const plan = await planOf(await runOn(machine.boot(), other));
    const asked = plan.actions.flatMap(({ address, destroys }) =>
      address === "disk/web.root" && destroys !== undefined ? [destroys] : [],
    );
    if (gone) assert.deepEqual(asked, [], `killed after effect ${count} (${host.trace.at(-1)})`);
  }
  assert.ok(interrupted >= 2, `it was gone after ${interrupted} of the kills`);
});
