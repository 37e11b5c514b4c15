import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { qcow2 } from "../../../../src/drivers/qcow2/qcow2.ts";
import { fetchImage } from "../../../../src/kinds/image/fetch.ts";
import { imageKind } from "../../../../src/kinds/image/image.ts";
import { observeBases } from "../../../../src/kinds/image/observe.ts";
import { removeImage, unusedBaseChanges } from "../../../../src/kinds/image/remove.ts";
import type { ImageSpec, ImageState } from "../../../../src/kinds/image/spec.ts";
import { sweepLeftovers } from "../../../../src/kinds/image/sweep.ts";
import type { Address } from "../../../../src/model/address.ts";
import type { Context } from "../../../../src/model/context.ts";
import { RefusedError } from "../../../../src/model/errors.ts";
import type { Json } from "../../../../src/model/json.ts";
import type { Observed } from "../../../../src/model/kind.ts";
import { createObserved } from "../../../../src/model/observed.ts";
import { diskSpec } from "../../../support/disk-spec.ts";
import { hostFacts } from "../../../support/host-facts.ts";
import { imageOf, temporary } from "./images.ts";
import { imageSpec, machine } from "./machine.ts";

const uuid = "6b1c2d3e-0000-4000-8000-000000000001";
const facts = hostFacts();

async function cached(context: Context, source: string, changes: Partial<ImageSpec> = {}): Promise<ImageSpec> {
  const spec = imageSpec(source, changes);
  await fetchImage.run(context, spec as unknown as Json, () => {});
  return spec;
}

async function overlayOn(context: Context, spec: ImageSpec, name = "disk"): Promise<string> {
  const path = context.layout.instanceFile(uuid, name);
  await qcow2.create(
    context,
    diskSpec({
      instance: "web",
      uuid,
      name,
      role: "root",
      backend: "qcow2",
      path,
      size: 2 ** 21,
      base: { image: spec.name, entry: spec.entry, path: context.layout.baseImage(spec.entry), format: spec.format },
      preallocate: "none",
    }),
    () => {},
  );
  return path;
}

async function observed(context: Context): Promise<Observed> {
  return createObserved({ ...(await imageKind(context.settings).observe(context)), facts, unread: [] });
}

test("the cache is observed by entry, strangers are reported and left", async (t) => {
  const context = machine(t);
  const spec = await cached(context, imageOf(temporary(t), "qcow2"));
  await overlayOn(context, spec);
  writeFileSync(join(context.layout.base, "ephemeral_10_40d1d2c"), "");
  writeFileSync(join(context.layout.base, "0".repeat(40)), "Nova's");
  writeFileSync(join(context.layout.base, `${"1".repeat(40)}.part`), "");
  const found = await observed(context);
  assert.deepEqual([...found.states.keys()], [`base/${spec.entry}`, `leftover/${"1".repeat(40)}`]);
  const state = found.states.get(`base/${spec.entry}`) as ImageState | undefined;
  assert.equal(state?.sidecar.image, "debian");
  assert.deepEqual(state?.users, [{ path: context.layout.instanceFile(uuid, "disk") }]);
  assert.deepEqual(
    found.unmanaged.map(({ what, name }) => [what, name]),
    [
      ["base-file", "0".repeat(40)],
      ["base-file", "ephemeral_10_40d1d2c"],
    ],
  );
  assert.deepEqual(found.diagnostics, []);
  assert.ok(JSON.stringify(imageKind(context.settings).describe(state as ImageState)).includes('"mode":"0444"'));
});

test("an empty host has an empty cache", async (t) => {
  const found = await observed(machine(t));
  assert.deepEqual([found.states.size, found.unmanaged, found.diagnostics, found.complete], [0, [], [], true]);
});

test("a base that was modified is reported", async (t) => {
  const context = machine(t);
  const spec = await cached(context, imageOf(temporary(t), "qcow2"));
  const base = context.layout.baseImage(spec.entry);
  chmodSync(base, 0o644);
  assert.deepEqual(
    (await observed(context)).diagnostics.map(({ code, severity }) => [code, severity]),
    [["base-image-writable", "warning"]],
  );
  truncateSync(base, 1000);
  assert.deepEqual(
    (await observed(context)).diagnostics.map(({ code }) => code),
    ["base-image-writable", "base-image-changed"],
  );
});

test("what a crash left is swept, what another process is making is not", async (t) => {
  const context = machine(t);
  const spec = await cached(context, imageOf(temporary(t), "qcow2"));
  const [dead, alive] = ["a".repeat(40), "b".repeat(40)];
  mkdirSync(context.layout.templates, { recursive: true });
  const leftovers = [
    context.layout.basePart(dead),
    context.layout.baseConverted(dead),
    context.layout.baseSidecar(dead),
    join(context.layout.templates, `${dead}_1024.abcd.part`),
    context.layout.basePart(spec.entry),
    context.layout.basePart("ephemeral_1GiB_ext4_ephemeral0_0123456"),
    join(context.layout.templates, "swap_512MiB_0123456_536870912.abcd.part"),
  ];
  const working = [context.layout.basePart(alive), context.layout.baseSidecar(alive)];
  const foreign = join(context.layout.base, "something.part");
  for (const path of [...leftovers, ...working, foreign]) writeFileSync(path, "x");
  const other = machine(t, { root: context.layout.root });
  await other.host.lock({ path: context.layout.lock(`nova-${alive}`), purpose: "fetch", timeoutMs: 1000 }, () => sweepLeftovers(context));
  assert.deepEqual(leftovers.filter(existsSync), []);
  assert.deepEqual(working.filter(existsSync), working);
  assert.ok(existsSync(foreign));
  assert.ok(existsSync(context.layout.baseImage(spec.entry)) && existsSync(context.layout.baseSidecar(spec.entry)));
});

test("a lost base that backs disks is restored as it was or not at all", async (t) => {
  const context = machine(t);
  const source = imageOf(temporary(t), "qcow2");
  const original = readFileSync(source);
  const spec = await cached(context, source);
  await overlayOn(context, spec);
  rmSync(context.layout.baseImage(spec.entry));
  await sweepLeftovers(context);
  assert.ok(existsSync(context.layout.baseSidecar(spec.entry)), "what it was must not be forgotten");
  writeFileSync(source, readFileSync(imageOf(temporary(t), "qcow2", ["-o", "cluster_size=4096"])));
  await assert.rejects(cached(context, source), { code: "image-changed-under-disks" });
  assert.ok(!existsSync(context.layout.baseImage(spec.entry)));
  writeFileSync(source, original);
  await cached(context, source);
  assert.ok(existsSync(context.layout.baseImage(spec.entry)));
});

test("a base that backs disks and whose record is damaged is not to be moved away, and is not replaced by what may be other content", async (t) => {
  const context = machine(t);
  const source = imageOf(temporary(t), "qcow2");
  const spec = await cached(context, source);
  const disk = await overlayOn(context, spec);
  const [base, record] = [context.layout.baseImage(spec.entry), context.layout.baseSidecar(spec.entry)];
  for (const damage of ["", "{", "[]", '{"version":1}']) {
    writeFileSync(record, damage);
    const { unmanaged, states } = await observeBases(context);
    assert.equal(states.size, 0);
    assert.deepEqual(
      unmanaged.map(({ name, disks }) => ({ name, disks })),
      [{ name: spec.entry, disks: [disk] }],
    );
    await assert.rejects(cached(context, source), { code: "base-file-unknown" });
  }
  rmSync(base);
  await assert.rejects(cached(context, source), { code: "image-changed-under-disks" });
  rmSync(record);
  await assert.rejects(cached(context, source), { code: "image-changed-under-disks" });
  assert.ok(!existsSync(base));
  await qcow2.remove(context, { uuid, name: "disk", path: disk, place: null });
  await cached(context, source);
});

test("a base whose entry is named by its digest is restored without a record", async (t) => {
  const context = machine(t);
  const source = imageOf(temporary(t), "qcow2");
  const checksum = { algorithm: "sha256", hex: createHash("sha256").update(readFileSync(source)).digest("hex") } as const;
  const spec = await cached(context, source, { checksum });
  await overlayOn(context, spec);
  for (const path of [context.layout.baseImage(spec.entry), context.layout.baseSidecar(spec.entry)]) rmSync(path);
  await cached(context, source, { checksum });
  assert.ok(existsSync(context.layout.baseImage(spec.entry)));
});

test("an unused base is removed with its templates, and a used one stays", async (t) => {
  const context = machine(t);
  const spec = await cached(context, imageOf(temporary(t), "qcow2"));
  const disk = await overlayOn(context, spec, "disk.rescue");
  await assert.rejects(
    removeImage.run(context, { entry: spec.entry }, () => {}),
    (error) => error instanceof RefusedError && error.code === "base-image-in-use" && error.message.includes(disk),
  );
  assert.ok(existsSync(context.layout.baseImage(spec.entry)));
  await qcow2.remove(context, { uuid, name: "disk.rescue", path: disk, place: null });
  await removeImage.run(context, { entry: spec.entry }, () => {});
  assert.deepEqual([readdirSync(context.layout.base), readdirSync(context.layout.templates)], [["templates"], []]);
  await removeImage.run(context, { entry: spec.entry }, () => {});
});

test("a base stays for a disk that was moved to other storage and left a link, and the plan says so", async (t) => {
  const remove = (context: Context, spec: ImageSpec) => removeImage.run(context, { entry: spec.entry }, () => {});
  for (const moved of ["disk", "directory"] as const) {
    const context = machine(t);
    const spec = await cached(context, imageOf(temporary(t), "qcow2"));
    const disk = await overlayOn(context, spec);
    writeFileSync(context.layout.instanceFile(uuid, "virtform.json"), JSON.stringify({ project: "other" }));
    const from = moved === "disk" ? disk : context.layout.instance(uuid);
    const to = join(temporary(t), "elsewhere");
    renameSync(from, to);
    symlinkSync(to, from);
    const found = await observed(context);
    assert.deepEqual((found.states.get(`base/${spec.entry}`) as ImageState).users, [{ path: disk, project: "other" }], moved);
    assert.deepEqual(unusedBaseChanges(found, "shop"), []);
    assert.deepEqual(
      found.diagnostics.map(({ severity, code, detail }) => [severity, code, detail?.includes(disk)]),
      moved === "disk" ? [["note", "base-users-unseen", true]] : [],
    );
    await assert.rejects(remove(context, spec), (error) => error instanceof RefusedError && error.message.includes(disk));
    rmSync(from);
    await remove(context, spec);
    assert.ok(!existsSync(context.layout.baseImage(spec.entry)));
  }
});

test("a base stays for a disk that names it far behind its header", async (t) => {
  const context = machine(t);
  const spec = await cached(context, imageOf(temporary(t), "qcow2"));
  const disk = await overlayOn(context, spec);
  const bytes = readFileSync(disk);
  const [offset, length] = [Number(bytes.readBigUInt64BE(8)), bytes.readUInt32BE(16)];
  bytes.copy(bytes, 8192, offset, offset + length);
  bytes.fill(0, offset, offset + length);
  bytes.writeBigUInt64BE(8192n, 8);
  writeFileSync(disk, bytes);
  assert.deepEqual(((await observed(context)).states.get(`base/${spec.entry}`) as ImageState).users, [{ path: disk }]);
  await assert.rejects(
    removeImage.run(context, { entry: spec.entry }, () => {}),
    { code: "base-image-in-use" },
  );
});

test("what a guest wrote into its raw disk or its console log keeps no base image", async (t) => {
  const context = machine(t);
  const spec = await cached(context, imageOf(temporary(t), "qcow2"));
  const disk = await overlayOn(context, spec);
  writeFileSync(context.layout.instanceFile(uuid, "console.log"), readFileSync(disk));
  writeFileSync(context.layout.instanceFile(uuid, "disk.info"), JSON.stringify({ [disk]: "raw" }));
  assert.deepEqual(((await observed(context)).states.get(`base/${spec.entry}`) as ImageState).users, []);
  await removeImage.run(context, { entry: spec.entry }, () => {});
  assert.ok(!existsSync(context.layout.baseImage(spec.entry)));
});

test("destroy --images removes this project's bases after its disks, and none that back disks of another project", async (t) => {
  const context = machine(t);
  const spec = await cached(context, imageOf(temporary(t), "qcow2"));
  const entry = `base/${spec.entry}` as const;
  await overlayOn(context, spec);
  const label = (project: string) =>
    writeFileSync(
      context.layout.instanceFile(uuid, "virtform.json"),
      JSON.stringify({ version: 1, project, instance: "web", objects: {} }),
    );
  label("other");
  assert.deepEqual(unusedBaseChanges(await observed(context), "shop"), []);
  label("shop");
  const found = await observed(context);
  const withDisk = createObserved({ ...found, states: new Map<Address, unknown>([...found.states, ["disk/web.root", {}]]) });
  const [change] = unusedBaseChanges(withDisk, "shop");
  assert.equal(change?.address, entry);
  assert.equal(change?.verb, "delete");
  assert.deepEqual(change?.actions[0]?.needs, ["disk/web.root:gone"]);
  assert.match(change?.reason ?? "", /no disk is backed by the base image of debian; it can be fetched again from /);
  assert.equal(change?.actions[0]?.destroys, undefined, "what can be fetched again is not lost");
  assert.deepEqual(unusedBaseChanges(found, "third"), []);
  assert.equal(statSync(context.layout.baseImage(spec.entry)).mode & 0o777, 0o444);
});
