import assert from "node:assert/strict";
import { after, test } from "node:test";
import { checkStorage } from "../../../src/commands/doctor-storage.ts";
import { driverNames, registerDriver } from "../../../src/drivers/index.ts";
import { guests } from "../../crash/guests.ts";
import { killEverywhere } from "../../crash/kill-everywhere.ts";
import { applied, createWorld, planOf, runOn, summary } from "../../crash/world.ts";
import { memory } from "./memory.ts";

const registered = registerDriver(memory);
after(() => registered[Symbol.dispose]());

const section = ", memory: { directory: /dev/shm }";
const wanted = guests({ ephemeral: "1GiB", sections: "volumes:\n  data: { size: 1MiB }\n" }).replace(
  "images_type: qcow2",
  `images_type: memory${section}`,
);

test("a driver that a test registers is planned with and applied, without a line of src for it", async () => {
  const machine = createWorld();
  const plan = await planOf(await runOn(machine.boot(), wanted));
  assert.deepEqual(
    plan.diagnostics.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.ok(plan.actions.some((action) => action.summary === "create memory disk of 1GiB from debian"));
  assert.deepEqual(plan.target["memory"], { directory: "/dev/shm" });
  await applied(machine, wanted);
  const kept = machine.files.walk().flatMap(([path]) => /^\/dev\/shm\/[0-9a-f-]+_(.*)$/.exec(path)?.[1] ?? []);
  assert.deepEqual(kept.sort(), ["disk", "disk", "disk.local"]);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), wanted))), []);
  await applied(machine, wanted, { destroy: true });
  assert.deepEqual(
    machine.files.walk().filter(([path]) => path.startsWith("/dev/shm/")),
    [],
  );
});

test("an apply with it may be killed anywhere", async () => {
  await killEverywhere({ from: createWorld(), yaml: wanted }, "kill -9");
});

test("doctor and validate ask it", async () => {
  const { context } = await runOn(createWorld().boot(), wanted);
  const findings = await checkStorage(context);
  assert.deepEqual(findings[0], { check: "memory", status: "ok", found: "/dev/shm" });
  await assert.rejects(runOn(createWorld().boot(), wanted.replace("/dev/shm", "nowhere")));
  await assert.rejects(runOn(createWorld().boot(), wanted.replace(section, "")), /needs a directory/);
});

test("a name is registered once, and gone when it is disposed of", () => {
  assert.throws(() => registerDriver(memory), /registered already/);
  const { name, ...rest } = memory;
  {
    using _other = registerDriver({ ...rest, name: `${name}2` });
    assert.ok(driverNames().includes("memory2"));
  }
  assert.ok(!driverNames().includes("memory2"));
});
