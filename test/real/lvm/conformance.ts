import assert from "node:assert/strict";
import { before, test } from "node:test";
import { diskSpec } from "../../support/disk-spec.ts";
import { fastClock, quickQemuImg } from "../../support/quick-luks.ts";
import { conforms, type Subject } from "../drivers/conformance.ts";
import { machine } from "../kinds/image/machine.ts";
import { virtform } from "../support/in-this-process.ts";
import { clear, extentSize, field, group, host, lvm, lvmHost, MiB, prepare, volumeOf, volumes } from "./lvm.ts";

/** Where a volume's bytes are on the group's disk. It has to be in one piece. */
function extentsOf(name: string): { readonly offset: number; readonly length: number } {
  const [, from, to] = /^\S+:(\d+)-(\d+)$/.exec(field("seg_pe_ranges", `${group}/${name}`)) ?? [];
  assert.ok(from !== undefined && to !== undefined, `${name} is in one piece`);
  const begin = Number(lvmHost.run("pvs", "--noheadings", "--units", "b", "--nosuffix", "-o", "pe_start", lvmHost.disk).trim());
  return { offset: begin + Number(from) * extentSize, length: (Number(to) - Number(from) + 1) * extentSize };
}

const real: Subject = {
  backend: lvm,
  on: "real, over ssh",
  preallocates: false,
  growsInside: true,
  wipes: true,
  guests: true,
  place: (t) => {
    t.after(clear);
    const free = Number(lvmHost.run("vgs", "--noheadings", "--units", "b", "--nosuffix", "-o", "vg_free", group).trim());
    return {
      settings: { drivers: { lvm: { volumeGroup: group, sparse: false, volumeClear: "zero", volumeClearSize: 0 } } },
      storage: { lvm: { size: free, free, extentSize } },
      wrap: () => host,
      machine: lvmHost,
      open: (_context, disk) => `/dev/${group}/${volumeOf(disk)}`,
      kept: volumes,
      giveAway: (_context, disk) => {
        const change = ["--deltag", "virtform.owner=shop", "--addtag", "virtform.owner=bank"];
        lvmHost.run("lvchange", "-q", ...change, `${group}/${volumeOf(disk)}`);
      },
    };
  },
};

// It ends with the machine, which is of this file alone.
const wrapper = "/usr/local/bin/qemu-img";
before(() => {
  lvmHost.put(fastClock, fastClock);
  lvmHost.put(quickQemuImg, wrapper);
  lvmHost.run("chmod", "755", wrapper);
});
// Before the tests that leave bytes of removed volumes on the disk: what an image does not fill keeps what was there.
conforms([real]);

test("a volume group that is missing or too small is an error of the plan", async (t) => {
  const { workspace, write } = await prepare(t);
  await write({ disk: "1TiB" });
  const large = await virtform("plan", workspace.directory);
  assert.equal(large.code, 1);
  assert.match(large.stdout + large.stderr, /Not enough free space in volume group vg0/);
  await write({ lvm: { volume_group: "vg9" } });
  const missing = await virtform("plan", workspace.directory);
  assert.equal(missing.code, 1);
  assert.match(missing.stdout + missing.stderr, /Volume group vg9 does not exist/);
  assert.deepEqual(volumes(), []);
});

for (const [volumeClear, volumeClearSize] of [
  ["zero", 0],
  ["zero", 4 * MiB],
  ["shred", 0],
  ["none", 0],
] as const) {
  test(`volume_clear ${volumeClear} of ${volumeClearSize === 0 ? "all" : volumeClearSize}: what is on the disk afterwards`, async (t) => {
    t.after(clear);
    const place = machine(t, { wrap: () => host });
    const settings = { ...place.settings, drivers: { lvm: { volumeGroup: group, sparse: false, volumeClear, volumeClearSize } } };
    const context = { ...place, settings };
    const uuid = "6b1c2d3e-0000-4000-8000-000000000001";
    const disk = diskSpec({
      instance: "web",
      uuid,
      name: "disk",
      role: "swap",
      backend: "lvm",
      path: "",
      size: 8 * MiB,
      preallocate: "none",
    });
    await lvm.create(context, disk, () => {});
    const volume = volumeOf(disk);
    const { offset, length } = extentsOf(volume);
    assert.equal(length, 8 * MiB);
    lvmHost.run("sh", "-c", `yes secret | tr -d '\\n' | dd of=/dev/${group}/${volume} bs=1M count=8 iflag=fullblock status=none`);
    const secrets = (bytes: Buffer) => bytes.toString("latin1").split("secretsecret").length - 1;
    assert.ok(secrets(lvmHost.bytes(offset, length)) > 1000, "they are there before");
    await lvm.remove(context, disk);
    assert.deepEqual(volumes(), []);
    const bytes = lvmHost.bytes(offset, length);
    const halves = [bytes.subarray(0, 4 * MiB), bytes.subarray(4 * MiB)];
    const whole = volumeClearSize === 0;
    const zeroed = { zero: [true, whole], shred: [false, false], none: [false, false] }[volumeClear];
    assert.deepEqual(
      halves.map((half) => half.every((byte) => byte === 0)),
      zeroed,
    );
    const left = { zero: [false, !whole], shred: [false, false], none: [true, true] }[volumeClear];
    assert.deepEqual(
      halves.map((half) => secrets(half) > 0),
      left,
    );
  });
}
