import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { makeQcow2, readQcow2 } from "../fake-host/qcow2.ts";
import { copySparse, truncateSparse } from "../fake-host/sparse.ts";
import { guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, createWorld, layout, planOf, runOn, summary } from "./world.ts";

const GiB = 2 ** 30;
const plan = async (machine: Machine, yaml = guests()) => planOf(await runOn(machine.boot(), yaml));

function paths(machine: Machine) {
  const disk = layout.instanceFile(machine.libvirtd.find("web")?.uuid ?? "", "disk");
  const base = machine.files.walk().find(([path]) => /\/_base\/[0-9a-f]{40}$/.test(path))?.[0] ?? "";
  return { disk, base, copy: `${base}_1` };
}

/** A machine with the guest as an older Nova would have left it: on a copy of the base that was grown to 1 GiB. */
async function legacy(power: "running" | "stopped" = "running"): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, guests({ power: "stopped" }));
  const { disk, base, copy } = paths(machine);
  const grown = copySparse(machine.files.file(base, "open").content);
  truncateSparse(grown, GiB);
  machine.files.write(copy, grown).mode = 0o444;
  machine.files.write(disk, makeQcow2({ size: GiB, backing: { path: copy, format: "raw" } }));
  await applied(machine, guests({ power }));
  return machine;
}

const strangersIn = (made: Awaited<ReturnType<typeof plan>>) =>
  made.unmanaged.flatMap(({ what, name }) => (what === "base-file" && name !== "notes.txt" ? [name] : []));

test("Nova QCOW-06: a grown copy of an image below a disk is no drift and not foreign, counts as used, and is removed with its base", async () => {
  const machine = await legacy();
  const { copy, disk, base } = paths(machine);
  const made = await plan(machine);
  assert.deepEqual([summary(made), made.diagnostics, strangersIn(made)], [[], [], []]);
  assert.equal(readQcow2(machine.files.file(disk, "open").content)?.backing, copy);
  await applied(machine, guests(), { destroy: true });
  assert.ok(machine.files.find(copy) !== undefined, "the base is kept, and so is the copy");
  assert.deepEqual(strangersIn(await plan(machine)), []);
  await applied(machine, guests(), { destroy: true, images: true });
  for (const path of [copy, base]) assert.equal(machine.files.find(path), undefined, path);
});

test("a lost copy is made again from the base, which is fetched where it is lost as well", async () => {
  for (const both of [false, true]) {
    const machine = await legacy("stopped");
    const { copy, base } = paths(machine);
    machine.files.unlink(copy);
    if (both) machine.files.unlink(base);
    const made = await plan(machine, guests());
    const change = made.changes.find(({ address }) => address === "disk/web.root");
    assert.deepEqual([change?.verb, change?.cause, change?.reason], ["update", "drift", "its backing file is missing"]);
    assert.equal(change?.actions[0]?.summary, "rebuild its backing file, debian grown to 1GiB");
    const start = made.actions.find(({ type }) => type === "domain.start");
    assert.ok(start?.after.includes("disk/web.root#rebuild-backing"));
    assert.equal(
      made.actions.some(({ type }) => type === "image.fetch"),
      both,
    );
    await applied(machine, guests());
    const rebuilt = machine.files.file(copy, "open");
    assert.deepEqual([rebuilt.mode & 0o777, rebuilt.type === "file" && rebuilt.content.size], [0o444, GiB]);
    assert.equal(machine.libvirtd.find("web")?.state, 1);
    assert.deepEqual(summary(await plan(machine)), []);
  }
});

test("a copy that is lost together with an image that has moved on cannot be made again, and the plan says so", async () => {
  const machine = await legacy("stopped");
  const { copy, base } = paths(machine);
  machine.files.unlink(copy);
  machine.files.unlink(base);
  const moved = guests({ power: "stopped" }).replace(/checksum: .*/, "min_ram: 1MiB");
  const made = await plan(machine, moved);
  assert.ok(
    made.diagnostics.some(({ severity, code }) => severity === "error" && code === "backing-file-lost"),
    JSON.stringify(made.diagnostics),
  );
});

test("an unused copy of a missing base is unmanaged", async () => {
  const machine = createWorld();
  const name = `${"a".repeat(40)}_20`;
  machine.put(`${layout.base}/${name}`, "old");
  assert.deepEqual(strangersIn(await plan(machine)), [name]);
});

for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
  test(`a lost copy made again, ${way}`, async () => {
    const from = await legacy("stopped");
    from.files.unlink(paths(from).copy);
    await killEverywhere({ from, yaml: guests() }, way);
  });
}
