import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDeviceProperties, type DeviceMapInput, deviceMap } from "../../../../src/kinds/guest/device-map.ts";

const file = (name: string) => ({ type: "file", format: "qcow2", source: `/i/${name}`, secretUuid: null }) as const;
const iso = { attachment: file("disk.config"), format: "iso9660" } as const;
const vfat = { attachment: file("disk.config"), format: "vfat" } as const;

function map(fields: Partial<DeviceMapInput>): string[] {
  const input = {
    arch: "x86_64",
    machine: "q35",
    properties: {},
    root: { attachment: file("disk"), iso: false },
    configDrive: null,
    ...fields,
  };
  return deviceMap(input).map(
    ({ name, device, bus, target, bootOrder }) => `${name} ${device} ${bus} ${target}${bootOrder === null ? "" : ` ${bootOrder}`}`,
  );
}

test("Nova BLK-05, BLK-08: names and buses by machine and drive", () => {
  assert.deepEqual(map({}), ["disk disk virtio vda 1"]);
  assert.deepEqual(map({ configDrive: iso }), ["disk disk virtio vda 1", "disk.config cdrom scsi sda"]);
  assert.deepEqual(map({ machine: "pc", configDrive: iso }), ["disk disk virtio vda 1", "disk.config cdrom ide hda"]);
  assert.deepEqual(map({ machine: "pc-i440fx-7.2", configDrive: iso })[1], "disk.config cdrom ide hda");
  assert.deepEqual(map({ arch: "aarch64", machine: "virt", configDrive: iso })[1], "disk.config cdrom scsi sda");
  assert.deepEqual(map({ configDrive: vfat }), ["disk disk virtio vda 1", "disk.config disk virtio vdb"]);
});

test("Nova BLK-06: an ISO is a drive, and the first to boot from", () => {
  const root = { attachment: file("disk"), iso: true };
  assert.deepEqual(map({ root, configDrive: iso }), ["disk cdrom sata sda 1", "disk.config cdrom scsi sdb"]);
  assert.deepEqual(map({ root, configDrive: vfat, machine: "pc" }), ["disk cdrom ide hda 1", "disk.config disk virtio vda"]);
});

test("Nova BLK-07: further disks come before the config drive", () => {
  const others = [
    { name: "disk.local", attachment: file("disk.local") },
    { name: "disk.swap", attachment: file("disk.swap") },
  ];
  assert.deepEqual(map({ others, configDrive: vfat }), [
    "disk disk virtio vda 1",
    "disk.local disk virtio vdb",
    "disk.swap disk virtio vdc",
    "disk.config disk virtio vdd",
  ]);
});

test("Nova BLK-07: volumes come after further disks, keep the names they ask for, and others step aside", () => {
  const others = [{ name: "disk.local", attachment: file("disk.local") }];
  const volume = (name: string, device?: string) => ({
    name: `volume/${name}`,
    attachment: file(name),
    serial: name,
    ...(device === undefined ? {} : { device }),
  });
  assert.deepEqual(map({ others, volumes: [volume("one", "vdb"), volume("two"), volume("three", "sda")], configDrive: iso }), [
    "disk disk virtio vda 1",
    "disk.local disk virtio vdc",
    "volume/one disk virtio vdb",
    "volume/two disk virtio vdd",
    "volume/three disk scsi sda",
    "disk.config cdrom scsi sdb",
  ]);
  assert.deepEqual(map({ volumes: [volume("one", "vda")] }), ["disk disk virtio vda 1", "volume/one disk virtio vda"]);
});

test("Nova BLK-02, BLK-07: a volume may ask for one of the four names of IDE, and what comes after it steps aside", () => {
  const volumes = [{ name: "volume/one", attachment: file("one"), serial: "one", device: "hda" }];
  assert.deepEqual(map({ machine: "pc", volumes, configDrive: iso }), [
    "disk disk virtio vda 1",
    "volume/one disk ide hda",
    "disk.config cdrom ide hdb",
  ]);
  const root = { attachment: file("one"), iso: false, name: "volume/one", device: "hdc" };
  assert.deepEqual(map({ machine: "pc", root, configDrive: iso }), ["volume/one disk ide hdc 1", "disk.config cdrom ide hda"]);
});

test("Nova BLK-09, BLK-10: each disk that is booted from says its place, an ISO or root disk the first; the others are never tried", () => {
  const others = [
    { name: "disk.eph0", attachment: file("disk.eph0"), bootIndex: 1 },
    { name: "disk.eph1", attachment: file("disk.eph1"), bootIndex: -1 },
  ];
  const volumes = [
    { name: "volume/one", attachment: file("one"), serial: "one", bootIndex: 3 },
    { name: "volume/two", attachment: file("two"), serial: "two" },
  ];
  const disks = ["disk.eph0 disk virtio vda 2", "disk.eph1 disk virtio vdb", "volume/one disk virtio vdc 4", "volume/two disk virtio vdd"];
  assert.deepEqual(map({ root: { attachment: file("disk"), iso: true }, others, volumes }), ["disk cdrom sata sda 1", ...disks]);
  const stable = rescue({ stable: true, properties: { hw_rescue_bus: "usb" } });
  assert.deepEqual(
    map({ others, volumes, rescue: stable }).map((line) => line.split(" ").slice(3).join(" ")),
    ["vda 2", "vdb 3", "vdc", "vdd 5", "vde", "sda 1"],
  );
  assert.deepEqual(
    map({ others, volumes, rescue: rescue() }).map((line) => line.split(" ").slice(3).join(" ")),
    ["vda 1", "vdb", "vdc", "vdd", "vde", "vdf"],
  );
});

test("an image's properties win, and buses that share names share letters", () => {
  assert.deepEqual(map({ properties: { hw_disk_bus: "scsi" }, configDrive: iso }), ["disk disk scsi sda 1", "disk.config cdrom scsi sdb"]);
  assert.deepEqual(map({ properties: { hw_cdrom_bus: "usb" }, configDrive: iso })[1], "disk.config cdrom usb sda");
});

const rescue = (fields: Partial<NonNullable<DeviceMapInput["rescue"]>> = {}) => ({
  attachment: file("disk.rescue"),
  cdrom: false,
  stable: false,
  properties: {},
  ...fields,
});

test("Nova BLK-11: without stable devices the disk of a rescue comes first and alone boots, the root disk second, then the others", () => {
  assert.deepEqual(map({ rescue: rescue(), configDrive: iso }), [
    "disk.rescue disk virtio vda 1",
    "disk disk virtio vdb",
    "disk.config cdrom scsi sda",
  ]);
  assert.deepEqual(map({ rescue: rescue(), configDrive: iso, machine: "pc" }).at(-1), "disk.config cdrom ide hda");
  const others = [{ name: "disk.local", attachment: file("disk.local") }];
  const volumes = [{ name: "volume/one", attachment: file("one"), serial: "one", device: "vdb" }];
  assert.deepEqual(map({ rescue: rescue(), others, volumes }), [
    "disk.rescue disk virtio vda 1",
    "disk disk virtio vdc",
    "disk.local disk virtio vdd",
    "volume/one disk virtio vdb",
  ]);
});

test("a root volume keeps the name that it asks for, unless the disk of the rescue has it", () => {
  const root = (device: string) => ({ attachment: file("system"), iso: false, name: "volume/system", device });
  assert.deepEqual(map({ rescue: rescue(), root: root("vda") })[1], "volume/system disk virtio vdb");
  assert.deepEqual(map({ rescue: rescue(), root: root("sda") })[1], "volume/system disk scsi sda");
});

test("an ISO that rescues is a CD, and leaves the disks their names", () => {
  assert.deepEqual(map({ rescue: rescue({ cdrom: true }), configDrive: iso }), [
    "disk.rescue cdrom sata sda 1",
    "disk disk virtio vda",
    "disk.config cdrom scsi sdb",
  ]);
});

test("Nova BLK-12: in a stable rescue nothing changes its name, and what is added last boots first", () => {
  const stable = (bus: string, cdrom = false) => rescue({ stable: true, cdrom, properties: { hw_rescue_bus: bus } });
  const others = ["disk.local", "disk.eph0", "disk.swap"].map((name) => ({ name, attachment: file(name) }));
  const volumes = [{ name: "volume/one", attachment: file("one"), serial: "one", device: "sdc" }];
  const all = { others, volumes, configDrive: iso, machine: "pc" };
  const usual = map(all);
  for (const [added, of] of [
    ["disk.rescue disk virtio vde 1", stable("virtio")],
    ["disk.rescue disk ide hdb 1", stable("ide")],
    ["disk.rescue disk usb sda 1", stable("usb")],
    ["disk.rescue disk scsi sda 1", stable("scsi")],
    ["disk.rescue cdrom ide hdb 1", rescue({ stable: true, cdrom: true, properties: { hw_rescue_device: "cdrom" } })],
    ["disk.rescue cdrom sata sda 1", stable("sata", true)],
  ] as const) {
    assert.deepEqual(map({ ...all, rescue: of }), [usual[0]?.replace(/1$/, "2"), ...usual.slice(1), added]);
  }
  const byDiskBus = rescue({ stable: true, properties: { hw_rescue_device: "disk", hw_disk_bus: "scsi" } });
  assert.deepEqual(map({ rescue: byDiskBus }), ["disk disk virtio vda 2", "disk.rescue disk scsi sda 1"]);
});

test("Nova BLK-03: after vdz comes vdaa; IDE has four names", () => {
  const others = Array.from({ length: 27 }, (_, index) => ({ name: `disk.eph${index}`, attachment: file("x") }));
  assert.deepEqual(
    map({ others })
      .slice(25)
      .map((line) => line.split(" ")[3]),
    ["vdz", "vdaa", "vdab"],
  );
  assert.throws(() => map({ machine: "pc", properties: { hw_disk_bus: "ide" }, others: others.slice(0, 4) }), {
    name: "UserError",
    message: /four IDE disks/,
  });
});

test("Nova BLK-04: impossible hardware is named, all of it, with what is possible", () => {
  const check = (machine: string, properties: Record<string, string>) =>
    checkDeviceProperties("debian", { arch: "x86_64", machine, properties });
  assert.deepEqual(check("q35", { hw_disk_bus: "virtio", hw_cdrom_bus: "sata", hw_vif_model: "e1000", other: "x" }), []);
  assert.deepEqual(check("pc", { hw_disk_bus: "ide" }), []);
  const problems = check("q35", { hw_disk_bus: "ide", hw_cdrom_bus: "virtio", hw_vif_model: "token-ring" });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["unsupported-hardware", "unsupported-hardware", "unsupported-hardware"],
  );
  assert.match(problems[0]?.detail ?? "", /virtio, scsi, sata, usb/);
});
