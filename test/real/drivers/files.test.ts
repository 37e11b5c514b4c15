import { readdirSync } from "node:fs";
import { driverOf } from "../../../src/drivers/index.ts";
import type { Context } from "../../../src/model/context.ts";
import { createFakeLvm } from "../../unit/drivers/fake-lvm.ts";
import { temporary } from "../kinds/image/images.ts";
import { conforms, type Subject } from "./conformance.ts";

const uuid = "6b1c2d3e-0000-4000-8000-000000000001";
const files = (context: Context) => readdirSync(context.layout.instance(uuid)).filter((name) => name !== "disk.info");

const flat: Subject = {
  backend: driverOf("flat"),
  on: "real",
  preallocates: true,
  growsInside: true,
  wipes: false,
  guests: true,
  place: () => ({ open: (_context, disk) => disk.path, kept: files }),
};

const qcow2: Subject = { ...flat, backend: driverOf("qcow2"), growsInside: false };

const ploop: Subject = {
  ...flat,
  backend: driverOf("ploop"),
  preallocates: false,
  place: () => ({ open: (_context, disk) => `${disk.path}/root.hds`, kept: files }),
};

const mebibyte = 2 ** 20;

// This machine's kernel may know no device mapper; the real thing is tried where one is.
const lvm: Subject = {
  ...flat,
  backend: driverOf("lvm"),
  on: "stand-in",
  preallocates: false,
  wipes: true,
  // A volume of it has no device that qemu could open.
  guests: false,
  place: (t) => {
    const group = createFakeLvm(temporary(t), "vg0", 256 * mebibyte, 4 * mebibyte);
    const volume = (disk: { uuid: string; name: string }) => `${disk.uuid}_${disk.name.replaceAll("_", "__")}`;
    return {
      settings: { drivers: { lvm: { volumeGroup: "vg0", sparse: false, volumeClear: "zero", volumeClearSize: 0 } } },
      storage: { lvm: { size: 256 * mebibyte, free: 256 * mebibyte, extentSize: 4 * mebibyte } },
      wrap: group.wrap,
      open: (_context, disk) => group.path(volume(disk)),
      kept: group.volumes,
      giveAway: (_context, disk) => group.setTags(volume(disk), ["virtform.owner=bank"]),
    };
  },
};

conforms([flat, qcow2, ploop, lvm]);
