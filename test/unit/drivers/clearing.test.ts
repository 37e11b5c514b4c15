import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiskState } from "../../../src/drivers/driver.ts";
import { makePlan } from "../../../src/engine/plan.ts";
import type { Config } from "../../../src/kinds/config.ts";
import { hostSettings } from "../../../src/kinds/host/settings.ts";
import { createChecks, createKinds } from "../../../src/kinds/index.ts";
import { instanceOwner, volumeOwner } from "../../../src/kinds/terms/disk-owner.ts";
import { readRecord } from "../../../src/kinds/terms/disk-record.ts";
import type { OwnedDiskState } from "../../../src/kinds/terms/disk-state.ts";
import { createLayout } from "../../../src/model/layout.ts";
import { planJson } from "../../../src/report/json.ts";
import { formatPlan } from "../../../src/report/plan-text.ts";
import { observedWith } from "../../support/observed.ts";

const GiB = 2 ** 30;
const layout = createLayout("/i");

/** The plan that removes a disk of 20GiB and a volume of 10GiB from LVM. */
function destroyed(lvm: object, found: Partial<DiskState> = {}, withVolume = true) {
  const config: Config = { project: "shop", host: { images_type: "lvm", lvm: { volume_group: "vg0", ...lvm } } };
  const settings = hostSettings(config, { root: true, dataHome: "/root" });
  const disk = (size: number): DiskState => ({ backend: "lvm", format: "raw", size, allocated: size, ...found });
  const root: OwnedDiskState = {
    kind: "disk",
    owner: instanceOwner(layout, "u", "web", false),
    uuid: "u",
    name: "disk",
    path: "/i/u/disk",
    applied: readRecord({ backend: "lvm", size: 20 * GiB, image: "debian", entry: "e" }, settings),
    disk: disk(20 * GiB),
    running: false,
    saved: false,
    defined: true,
    unlabelled: false,
    lostBacking: null,
  };
  const volume: OwnedDiskState = {
    kind: "volume",
    owner: volumeOwner(layout, "v", "data", false),
    uuid: "v",
    name: "disk",
    path: "/i/volumes/v/disk",
    applied: readRecord({ backend: "lvm", size: 10 * GiB }, settings),
    disk: disk(10 * GiB),
    running: false,
    saved: false,
    defined: true,
    unlabelled: false,
    lostBacking: null,
  };
  const states = new Map<string, unknown>([["disk/web.root", root], ...(withVolume ? [["volume/data", volume] as const] : [])]);
  const facts = {
    cpus: 2,
    memory: GiB,
    disk: { total: GiB, free: GiB, directIo: true, preallocation: null },
    drivers: { lvm: { size: 100 * GiB, free: GiB, extentSize: 2 ** 22 } },
  };
  const plan = makePlan<Config>({
    kinds: createKinds(settings, () => undefined),
    checks: createChecks(settings),
    config,
    observed: observedWith(states, { facts }),
    host: "localhost",
    project: "shop",
    target: { uri: settings.uri, instancesPath: settings.instancesPath },
    targets: [],
    mode: "destroy",
    fingerprints: false,
  });
  return {
    plan,
    text: formatPlan(plan, { color: false }),
    actions: plan.actions.map(({ summary, cost }) => [summary, cost?.moves?.overwrite]),
  };
}

test("Nova LVM-09: what is overwritten before a volume goes is said beforehand, and how long that may take", () => {
  const { plan, text, actions } = destroyed({});
  assert.deepEqual(actions.sort(), [
    ["overwrite 10GiB with zeros, then remove", 10 * GiB],
    ["overwrite 20GiB with zeros, then remove", 20 * GiB],
  ]);
  assert.match(text, /Clears: +20GiB\n/);
  assert.match(text, /\nForecast: overwrites 30GiB, about 3m25s \(a guess: not measured on this host yet\)\n/);
  assert.match(JSON.stringify(planJson(plan, { version: "0", now: new Date(0) })), new RegExp(`"overwrites":${20 * GiB}`));
  assert.match(destroyed({}, {}, false).text, /Forecast: overwrites 20GiB, /);
});

test("three passes, a beginning only, nothing, and sparse volumes are counted as they are cleared", () => {
  assert.deepEqual(destroyed({ volume_clear: "shred" }, {}, false).actions, [["overwrite 20GiB 3 times, then remove", 60 * GiB]]);
  const start = { volume_clear_size: 100 * 2 ** 20 };
  assert.deepEqual(destroyed(start, {}, false).actions, [["overwrite its first 100MiB with zeros, then remove", 100 * 2 ** 20]]);
  assert.deepEqual(destroyed({ volume_clear: "none" }, {}, false).actions, [["remove", undefined]]);
  const { allocated, ...sparse }: DiskState = { backend: "lvm", format: "raw", size: GiB, allocated: 0 };
  assert.equal(allocated, 0);
  assert.deepEqual(destroyed({ sparse: true }, { ...sparse, allocated: undefined } as never, false).actions, [["remove", undefined]]);
  assert.deepEqual(destroyed({}, { backend: "flat" }, false).actions, [["remove", undefined]]);
});
