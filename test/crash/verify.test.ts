import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "../../src/decide.ts";
import { bases } from "../../src/kinds/image/address.ts";
import { isBlank } from "../../src/kinds/image/describe.ts";
import type { ImageSidecar, ImageState } from "../../src/kinds/image/spec.ts";
import { verifyBase } from "../../src/kinds/image/verify.ts";
import { applied, apply, createWorld, layout, runOn } from "./world.ts";

const yaml = `project: shop
host: { virt_type: qemu }
images:
  debian: { source: https://images.test/debian.qcow2, disk_format: qcow2 }
`;

test("a digest that an interrupted apply did not record is recorded by verify, unless the base was made again meanwhile", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  const run = await runOn(machine.boot(), yaml);
  const { files } = run.context.host;
  const observed = await look(run);
  const [state] = observed.of(bases).flatMap(([, one]): ImageState[] => (isBlank(one) ? [] : [one]));
  assert.ok(state !== undefined);
  const path = layout.baseSidecar(state.entry);
  const sidecarNow = async () => JSON.parse(`${await files.read(path)}`) as ImageSidecar;
  const { content, ...without } = state.sidecar;
  assert.match(content ?? "", /^[0-9a-f]{64}$/);

  const again = { ...without, fetchedAt: "2001-01-01T00:00:00.000Z" };
  await files.writeAtomic(path, JSON.stringify(again));
  const stale = { ...state, sidecar: without };
  assert.equal((await verifyBase(run.context, stale, observed, { record: true })).outcome, "unrecorded");
  assert.deepEqual(await sidecarNow(), again);

  await files.writeAtomic(path, JSON.stringify(without));
  assert.equal((await verifyBase(run.context, stale, observed, { record: false })).outcome, "unrecorded");
  assert.equal((await verifyBase(run.context, stale, observed, { record: true })).outcome, "recorded");
  assert.equal((await sidecarNow()).content, content);
});

test("the digest of a converted image is computed once, while the image goes to the disk", async () => {
  const machine = createWorld();
  const host = machine.boot();
  const { files } = host;
  const read: string[] = [];
  let published = false;
  const counted = {
    ...host,
    files: {
      ...files,
      digest: (...args: Parameters<typeof files.digest>) => {
        assert.ok(!published, "after it was published");
        read.push(args[0]);
        return files.digest(...args);
      },
      publish: async (...args: Parameters<typeof files.publish>) => {
        await files.publish(...args);
        published = true;
      },
    },
  };
  const run = await runOn(counted, yaml);
  await apply(run);
  const [state] = (await look(run)).of(bases).flatMap(([, one]): ImageState[] => (isBlank(one) ? [] : [one]));
  assert.match(state?.sidecar.content ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual(read, [layout.baseConverted(state?.entry ?? "")]);
});

test("a digest that could not be computed while the image went to the disk is computed afterwards", async () => {
  const machine = createWorld();
  const host = machine.boot();
  const { files } = host;
  const digest = (...args: Parameters<typeof files.digest>) =>
    args[0].endsWith(".converted") ? Promise.reject(new Error("no such file")) : files.digest(...args);
  await apply(await runOn({ ...host, files: { ...files, digest } }, yaml));
  const [state] = (await look(await runOn(machine.boot(), yaml))).of(bases).flatMap(([, one]): ImageState[] => (isBlank(one) ? [] : [one]));
  assert.match(state?.sidecar.content ?? "", /^[0-9a-f]{64}$/);
});
