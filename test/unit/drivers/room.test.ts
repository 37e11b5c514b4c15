import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiskSpec, DiskState } from "../../../src/drivers/driver.ts";
import { checkRoom, planned } from "../../../src/kinds/capacity/room.ts";
import { hostSettings } from "../../../src/kinds/host/settings.ts";
import { type DiskParts, diskSpec } from "../../support/disk-spec.ts";
import { factsWith, observedOf, runner } from "./planning.ts";

const gibibyte = 2 ** 30;
const address = "disk/web.root";
const facts = factsWith(undefined, { total: 100 * gibibyte, free: 10 * gibibyte });
const settings = hostSettings({}, runner);

function situation(want: Partial<DiskParts>, have?: Partial<DiskState>) {
  const disk: DiskSpec = diskSpec({
    instance: "web",
    uuid: "6b1c2d3e-0000-4000-8000-000000000001",
    name: "disk",
    role: "root",
    backend: "flat",
    path: "/instances/disk",
    size: 20 * gibibyte,
    preallocate: "none",
    ...want,
  });
  const found = { applied: { place: null }, disk: { format: "raw", size: 20 * gibibyte, ...have } };
  const observed = observedOf(facts, new Map(have === undefined ? [] : [[address, found]]));
  const one = planned({ address, disk }, observed);
  return {
    missing: one.missing / gibibyte,
    codes: checkRoom([one], [], observed, settings).map(({ code }) => code),
  };
}

test("a disk that another backend has kept needs all its room where it goes, and one that stays there only its growth", () => {
  assert.deepEqual(situation({}), { missing: 20, codes: ["insufficient-disk"] });
  for (const backend of ["rbd", "lvm"] as const) {
    assert.deepEqual(situation({}, { backend }), { missing: 20, codes: ["insufficient-disk"] }, backend);
    assert.equal(situation({ backend }, { backend: "qcow2" }).missing, 20, backend);
    assert.equal(situation({ backend, size: 25 * gibibyte }, { backend }).missing, 5, backend);
  }
  assert.equal(situation({ backend: "lvm" }, { backend: "rbd" }).missing, 20);
  for (const backend of ["qcow2", "flat", "ploop"] as const)
    assert.deepEqual(situation({}, { backend, allocated: gibibyte }), { missing: 0, codes: [] }, backend);
});

test("a recreated disk may reserve only the space that the old one used", () => {
  const reserved = { backend: "flat", preallocate: "space" } as const;
  assert.deepEqual(situation(reserved, { backend: "qcow2", allocated: gibibyte }).codes, ["insufficient-disk"]);
  assert.deepEqual(situation(reserved, { backend: "qcow2", allocated: 12 * gibibyte }).codes, []);
  assert.deepEqual(situation(reserved, { backend: "flat", allocated: gibibyte }).codes, []);
});
