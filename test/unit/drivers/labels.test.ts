import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { driverOf } from "../../../src/drivers/index.ts";
import { ownRbdLabel, type RbdPlace } from "../../../src/drivers/rbd/place.ts";
import { parseLabel, rememberedDomain } from "../../../src/kinds/directory/label.ts";
import { parseVolumeLabel, volumeLabelText } from "../../../src/kinds/directory/volume-label.ts";
import { hostSettings } from "../../../src/kinds/host/settings.ts";
import { seedRecord } from "../../../src/kinds/instance/seed/state.ts";
import { readRecord, recordedDisk, recordProblem } from "../../../src/kinds/terms/disk-record.ts";
import type { Context } from "../../../src/model/context.ts";
import type { HostSettings } from "../../../src/model/settings.ts";
import { createWorld, layout, runOn } from "../../crash/world.ts";
import { createFakeLvm } from "./fake-lvm.ts";
import { runner } from "./planning.ts";

// Texts exactly as version 0.1 wrote them. They stay as they are: what lies on a host does not change with the program.

const settings = hostSettings({ host: { lvm: { volume_group: "vg1" }, rbd: { pool: "new" } } }, runner) as HostSettings;

const instanceLabel =
  '{"version":1,"project":"shop","instance":"web","objects":{"disk":{"backend":"qcow2","size":1073741824,"image":"debian","entry":"53d30a8db96705cdd193362da8e6d09d5776b937"},"disk.local":{"backend":"lvm","place":"vg0","size":1073741824,"image":null,"entry":null,"filesystem":"ext4"},"disk.eph0":{"backend":"lvm","size":1073741824,"image":null,"entry":null,"filesystem":"ext4"},"disk.swap":{"backend":"qcow2","size":536870912,"image":null,"entry":null,"filesystem":"swap","encrypted":true,"unfinished":true},"disk.config":{"format":"iso9660","backend":"rbd","pool":"vms","randomSeed":"AAAA","built":{"digest":"9644dad7021358887c746b3fdd1839b5baf16e43247887c3d76d71c2a5240246","secrets":"fd97ff71cb19b36229fd1dcb44e5a57f17b86ef7d27389c43c5a4c69810e1f2d","applied":{"uuid":"ad4fa5ce-c6c7-58bb-98fe-14a2ad53a80f","name":"web"},"sha256":"2631ce3af26d2924684214aab701f8cfba4dc2aeff9296050d62566d29aa3e19","size":129024,"mtimeMs":1767225600176,"inode":41}},"domain":{"prevent_destroy":true}}}\n';

test("a label of an instance from version 0.1 is read: disks, places, drive, protection", () => {
  const label = parseLabel(Buffer.from(instanceLabel));
  assert.ok(label);
  assert.deepEqual([label.project, label.instance, rememberedDomain(label)?.prevent_destroy], ["shop", "web", true]);
  const placeOf = (name: string) => {
    assert.equal(recordProblem(label.objects[name]), undefined, name);
    return readRecord(label.objects[name], settings).place;
  };
  assert.deepEqual(["disk", "disk.local", "disk.eph0", "disk.swap"].map(placeOf), [null, "vg0", "vg1", null]);
  assert.deepEqual(readRecord(label.objects["disk.swap"], settings), {
    backend: "qcow2",
    place: null,
    size: 536870912,
    image: null,
    content: null,
    entry: null,
    filesystem: "swap",
    ephemeral: null,
    encrypted: true,
    injected: null,
    marked: false,
    unfinished: true,
  });
  // Written as it was read, so that the earlier version reads it too.
  for (const name of ["disk", "disk.local", "disk.swap"])
    assert.equal(JSON.stringify(recordedDisk(readRecord(label.objects[name], settings))), JSON.stringify(label.objects[name]), name);
  const drive = seedRecord(label, { settings });
  assert.deepEqual([drive?.backend, drive?.place, drive?.built?.size], ["rbd", "vms", 129024]);
});

test("a label of a volume from version 0.1 is read", () => {
  const text =
    '{"version":1,"project":"shop","volume":"data","preventDestroy":true,"applied":{"backend":"rbd","place":"vms","size":67108864,"filesystem":"ext4","image":"debian"},"made":true}\n';
  const label = parseVolumeLabel(Buffer.from(text));
  assert.deepEqual([label?.project, label?.volume, label?.preventDestroy], ["shop", "data", true]);
  assert.equal(recordProblem(label?.record), undefined);
  assert.deepEqual(readRecord(label?.record, settings), {
    backend: "rbd",
    place: "vms",
    size: 67108864,
    image: "debian",
    content: null,
    entry: null,
    filesystem: "ext4",
    ephemeral: null,
    encrypted: false,
    injected: null,
    marked: false,
    unfinished: false,
  });
  const unmade = parseVolumeLabel(Buffer.from(text.replace('"made":true', '"made":false')));
  assert.equal(readRecord(unmade?.record, settings).unfinished, true);
});

test("a label of a volume is written so that version 0.1 reads it: without null, and with the end of its creation beside the record", () => {
  const applied = {
    backend: "rbd",
    place: "vms",
    size: 67108864,
    image: null,
    entry: null,
    content: null,
    filesystem: "ext4",
    ephemeral: null,
    encrypted: false,
    injected: null,
    marked: false,
  } as const;
  assert.equal(
    volumeLabelText("shop", "data", true, { ...applied, unfinished: false }),
    '{"version":1,"project":"shop","volume":"data","preventDestroy":true,"applied":{"backend":"rbd","place":"vms","size":67108864,"filesystem":"ext4"},"made":true}\n',
  );
  assert.equal(
    volumeLabelText("shop", "data", false, {
      ...applied,
      place: null,
      backend: "flat",
      filesystem: null,
      image: "debian",
      unfinished: true,
    }),
    '{"version":1,"project":"shop","volume":"data","preventDestroy":false,"applied":{"backend":"flat","size":67108864,"image":"debian"},"made":false}\n',
  );
});

test("tags of logical volumes from version 0.1 are read", async () => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-labels-"));
  try {
    const group = createFakeLvm(directory, "vg0", 2 ** 28, 2 ** 22);
    const host = group.wrap(createWorld().boot());
    const own = { drivers: { lvm: { volumeGroup: "vg0", sparse: false, volumeClear: "zero", volumeClearSize: 0 } } };
    const context = { ...(await contextOf()), host, settings: { ...settings, ...own } } as Context;
    const uuid = "ad4fa5ce-c6c7-58bb-98fe-14a2ad53a80f";
    const ref = { uuid, name: "disk.local", path: layout.instanceFile(uuid, "disk.local"), place: null };
    group.lvm({ program: "lvcreate", args: ["-L", "8388608b", "-n", `${uuid}_disk.local`, "vg0"], timeoutMs: 1000 });
    const sizeWith = async (...tags: string[]) => {
      group.setTags(`${uuid}_disk.local`, tags);
      return (await driverOf("lvm").list(context, [ref])).get(`${uuid}/disk.local`)?.size;
    };
    assert.equal(await sizeWith("virtform.owner=shop", "virtform.instance=web"), 2 ** 23);
    assert.equal(await sizeWith("virtform.owner=shop", "virtform.instance=volume/data", "virtform.growing=4194304"), 2 ** 22);
    assert.equal(await sizeWith("virtform.owner=shop", "virtform.instance=web", "virtform.incomplete"), undefined);
    assert.equal(await sizeWith("virtform.owner=shop", "virtform.instance=web", "virtform.removing"), undefined);
    assert.equal(await sizeWith("virtform.owner=bank", "virtform.instance=web"), undefined);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("metadata of images in Ceph from version 0.1 is read", () => {
  const metadata = {
    "virtform.applied": '{"backend":"rbd","size":1073741824,"image":"debian","entry":"53d30a8db96705cdd193362da8e6d09d5776b937"}',
    "virtform.instance": "web",
    "virtform.machine": "0123456789abcdef0123456789abcdef",
    "virtform.project": "shop",
  };
  const image = { id: "1", size: 2 ** 30, snapshots: {}, metadata };
  const place = (machine: string, project = "shop") => ({ machine, context: { project } }) as RbdPlace;
  assert.equal(ownRbdLabel(place("0123456789abcdef0123456789abcdef"), image), metadata);
  assert.equal(ownRbdLabel(place("other"), image), undefined);
  assert.equal(ownRbdLabel(place("0123456789abcdef0123456789abcdef", "bank"), image), undefined);
});

async function contextOf(): Promise<Context> {
  return (await runOn(createWorld().boot(), "project: shop\n")).context;
}
