import assert from "node:assert/strict";
import { test } from "node:test";
import { ephemeralFiles } from "../../src/kinds/config/ephemeral-files.ts";
import type { Machine } from "../fake-host/machine.ts";
import { guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, createWorld, layout, planOf, runOn, summary } from "./world.ts";

const yaml = (...ephemerals: readonly string[]) =>
  guests({ ephemeral: "9GiB", ephemerals: `[ ${ephemerals.join(", ")} ]`, power: "stopped" });
const [cache, scratch] = ["{ name: cache, size: 1GiB }", "{ name: scratch, size: 1GiB }"];

async function after(...configurations: readonly string[]): Promise<Machine> {
  const machine = createWorld();
  for (const one of configurations) await applied(machine, one);
  return machine;
}

const file = (machine: Machine, name: string) => machine.files.find(layout.instanceFile(machine.libvirtd.find("web")?.uuid ?? "", name));

test("removing the first of two ephemeral disks removes this one only; one that is added later is a new disk", async () => {
  const machine = await after(yaml(cache, scratch));
  const second = file(machine, "disk.eph1");
  await applied(machine, yaml(scratch));
  assert.equal(file(machine, "disk.eph0"), undefined);
  assert.equal(file(machine, "disk.eph1"), second);
  await applied(machine, yaml("{ name: work, size: 1GiB }", scratch));
  assert.equal(file(machine, "disk.eph1"), second);
  assert.notEqual(file(machine, "disk.eph0"), undefined);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml("{ name: work, size: 1GiB }", scratch)))), []);
});

test("a disk without a name gets one, and loses it, where it is", async () => {
  const machine = await after(yaml("{ size: 1GiB }", "{ size: 1GiB }"));
  const found = ["disk.eph0", "disk.eph1"].map((name) => file(machine, name));
  for (const wanted of [yaml(cache, scratch), yaml(scratch, cache), yaml("{ size: 1GiB }", "{ size: 1GiB }")]) {
    await applied(machine, wanted);
    assert.deepEqual(
      ["disk.eph0", "disk.eph1"].map((name) => file(machine, name)),
      found,
    );
  }
});

test("the files of ephemerals follow from their names and from what exists", () => {
  const files = (names: readonly (string | undefined)[], existing: Readonly<Record<string, string>>) =>
    ephemeralFiles({ ephemerals: names.map((name) => ({ size: 1, ...(name === undefined ? {} : { name }) })) }, existing).map((one) =>
      one.slice(5),
    );
  assert.deepEqual(files([undefined, undefined], {}), ["eph0", "eph1"]);
  assert.deepEqual(files(["b"], { "disk.eph0": "a", "disk.eph1": "b" }), ["eph1"]);
  assert.deepEqual(files(["c", "b"], { "disk.eph0": "a", "disk.eph1": "b" }), ["eph2", "eph1"], "not in the place of a disk that is to go");
  assert.deepEqual(files(["b", "a"], { "disk.eph0": "", "disk.eph1": "" }), ["eph0", "eph1"]);
  assert.deepEqual(files(["b", undefined], { "disk.eph0": "a", "disk.eph1": "b" }), ["eph1", "eph2"]);
  assert.deepEqual(files([undefined, "b"], { "disk.eph0": "a", "disk.eph1": "b" }), ["eph0", "eph1"]);
});

test("a removal that is killed is brought to an end", async () => {
  await killEverywhere({ from: await after(yaml(cache, scratch)), yaml: yaml(scratch) }, "kill -9");
  await killEverywhere({ from: await after(yaml("{ size: 1GiB }")), yaml: yaml(cache) }, "kill -9");
});

const running = (...ephemerals: readonly string[]) =>
  guests({ ephemeral: "9GiB", ephemerals: `[ ${ephemerals.join(", ")} ]`, swap: "64MiB", more: "    config_drive: true\n" });
const process = (machine: Machine) => machine.libvirtd.find("web")?.id;

test("disks of a running guest come, go and get other names without a restart, and those that stay keep their devices", async () => {
  const machine = await after(running(cache, scratch));
  const [id, second] = [process(machine), file(machine, "disk.eph1")];
  const steps = [
    running(scratch),
    running("{ name: work, size: 1GiB }", scratch),
    running("{ name: work, size: 1GiB }", scratch, cache),
    running("{ name: work, size: 1GiB }", scratch),
    running("{ size: 1GiB }", "{ size: 1GiB }"),
  ];
  for (const wanted of steps) {
    const { actions } = await planOf(await runOn(machine.boot(), wanted));
    assert.deepEqual(
      actions.filter(({ effect }) => effect === "restart" || effect === "next_boot"),
      [],
      wanted,
    );
    await applied(machine, wanted);
    assert.equal(process(machine), id, wanted);
    assert.equal(file(machine, "disk.eph1"), second);
    const next = await planOf(await runOn(machine.boot(), wanted));
    assert.deepEqual([summary(next), next.pending], [[], []], wanted);
  }
  await killEverywhere({ from: await after(running(cache, scratch)), yaml: running(scratch, "{ name: work, size: 1GiB }") }, "kill -9");
});

test("a swap disk of a running guest does not go without a restart, which the plan says", async () => {
  const machine = await after(running(cache));
  const wanted = running(cache).replace("swap: 64MiB", "swap: 0MiB");
  const { actions } = await planOf(await runOn(machine.boot(), wanted));
  assert.ok(actions.some(({ id, effect }) => id === "domain/web#stop" && effect === "restart"));
});

test("devices that disks keep are those of the config drive, also during a rescue and after it", async () => {
  const machine = await after(running(cache, scratch), running(scratch));
  for (const wanted of [running(scratch).replace("flavor: small", "flavor: small\n    rescue: true"), running(scratch)]) {
    await applied(machine, wanted);
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), wanted))), []);
  }
});
