import assert from "node:assert/strict";
import { test } from "node:test";
import { createMeter } from "../../../src/engine/meter.ts";
import { action } from "../report/support.ts";

const MiB = 2 ** 20;

test("time goes to the way of moving bytes that an action reports, and the rest to its type", () => {
  let now = 0;
  const meter = createMeter(() => now);
  const fetch = action("image/debian", "fetch", { type: "image.fetch", cost: { moves: { download: 100 * MiB, convert: 50 * MiB } } });
  meter.start(fetch);
  for (const [at, phase, done] of [
    [2000, "download", 20 * MiB],
    [10_000, "download", 100 * MiB],
    [12_000, "convert", 200 * MiB],
  ] as const) {
    now = at;
    meter.progress(fetch, { phase, done });
  }
  now = 12_500;
  meter.done(fetch);
  // Converting counts holes in its progress, the plan does not.
  assert.deepEqual(meter.rates(), {
    bytesPerSecond: { download: 10 * MiB, convert: 25 * MiB },
    seconds: { "image.fetch": 0.5 },
  });
});

test("a program without progress moves bytes all the time; few bytes, failures and what was never started say nothing", () => {
  let now = 0;
  const meter = createMeter(() => now);
  const remove = action("disk/a", "remove", { type: "disk.remove", cost: { moves: { overwrite: 400 * MiB } } });
  const small = action("disk/b", "create", { type: "disk.create", cost: { moves: { copy: MiB } } });
  const failed = action("disk/c", "create", { type: "disk.create" });
  for (const one of [remove, small, failed]) meter.start(one);
  now = 1000;
  meter.done(small);
  now = 4000;
  meter.done(remove);
  meter.done(action("disk/d", "create", { type: "disk.create" }));
  assert.deepEqual(meter.rates(), { bytesPerSecond: { overwrite: 100 * MiB }, seconds: { "disk.create": 1, "disk.remove": 0.001 } });
});

test("reading for a digest and uploading are no conversions", () => {
  let now = 0;
  const meter = createMeter(() => now);
  for (const [type, phase] of [
    ["image.digest", "digest"],
    ["published.publish", "upload"],
  ] as const) {
    const one = action("image/debian", type, { type });
    meter.start(one);
    now += 2000;
    meter.progress(one, { phase, done: 1000 * MiB });
    meter.done(one);
  }
  assert.deepEqual(meter.rates(), { bytesPerSecond: {}, seconds: { "image.digest": 2, "published.publish": 2 } });
});

test("a fetch from a file of the host counts as copying", () => {
  let now = 0;
  const meter = createMeter(() => now);
  const fetch = action("image/debian", "fetch", { type: "image.fetch", cost: { moves: { copy: 100 * MiB } } });
  meter.start(fetch);
  now = 1000;
  meter.progress(fetch, { phase: "download", done: 100 * MiB });
  meter.done(fetch);
  assert.deepEqual(meter.rates(), { bytesPerSecond: { copy: 100 * MiB }, seconds: { "image.fetch": 0.001 } });
});
