import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { legacyBacking, rebuildBacking } from "../../../src/drivers/qcow2/legacy-backing.ts";
import { RefusedError } from "../../../src/model/errors.ts";
import { imageOf, qemuImg, temporary } from "../kinds/image/images.ts";
import { machine } from "../kinds/image/machine.ts";

const entry = "c".repeat(40);
const nothing = () => {};

test("Nova LAY-06: what the name of a grown copy says, in GiB and, of the oldest, in bytes", () => {
  assert.deepEqual(legacyBacking(`/i/_base/${entry}_20`, "/i/_base"), { path: `/i/_base/${entry}_20`, entry, bytes: 20 * 2 ** 30 });
  assert.equal(legacyBacking(`/i/_base/${entry}_10737418240`, "/i/_base")?.bytes, 10 * 2 ** 30);
  for (const path of [`/i/_base/${entry}`, `/elsewhere/${entry}_20`, `/i/_base/${entry}_sm`, `/i/_base/templates/${entry}_20`])
    assert.equal(legacyBacking(path, "/i/_base"), undefined, path);
});

for (const format of ["raw", "qcow2"] as const) {
  test(`Nova QCOW-06: a missing grown copy of a ${format} base is recreated completely, and an existing one is kept`, async (t) => {
    const context = machine(t);
    await context.host.files.makeDirectory(context.layout.base);
    const path = context.layout.baseImage(entry);
    writeFileSync(path, readFileSync(imageOf(temporary(t), format)));
    const backing = legacyBacking(`${path}_1`, context.layout.base);
    assert.ok(backing);
    const base = { image: "debian", entry, path, cloneFrom: [], format };
    await rebuildBacking(context, backing, { base, format }, nothing);
    const info = JSON.parse(qemuImg("info", "-f", format, "--output=json", backing.path));
    assert.deepEqual([info["virtual-size"], statSync(backing.path).mode & 0o777], [2 ** 30, 0o444]);
    assert.match(qemuImg("compare", "-f", format, "-F", format, path, backing.path), /identical/);
    const { ino } = statSync(backing.path);
    await rebuildBacking(context, backing, { base, format: null }, nothing);
    assert.equal(statSync(backing.path).ino, ino);
  });
}

test("a copy that is to be raw is made of a qcow2 base as well, and the other way round it is said why not", async (t) => {
  const context = machine(t);
  await context.host.files.makeDirectory(context.layout.base);
  const path = context.layout.baseImage(entry);
  const image = imageOf(temporary(t), "qcow2");
  writeFileSync(path, readFileSync(image));
  const backing = legacyBacking(`${path}_1`, context.layout.base);
  assert.ok(backing);
  await rebuildBacking(
    context,
    backing,
    { base: { image: "debian", entry, path, cloneFrom: [], format: "qcow2" }, format: "raw" },
    nothing,
  );
  assert.match(qemuImg("compare", "-f", "qcow2", "-F", "raw", path, backing.path), /identical/);
  const other = { ...backing, path: join(context.layout.base, `${entry}_2`) };
  const raw = { image: "debian", entry, path, cloneFrom: [], format: "raw" } as const;
  await assert.rejects(rebuildBacking(context, other, { base: raw, format: "qcow2" }, nothing), RefusedError);
});
