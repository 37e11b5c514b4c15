import { driveDriver, placeOf } from "../../drivers/index.ts";
import { instanceFiles } from "../../model/layout.ts";
import { declared } from "../config/declared.ts";
import { guestFiles } from "../config/guest-files.ts";
import { hasConfigDrive } from "../config/has-config-drive.ts";
import type { SeedSpec } from "../terms/spec.ts";
import { driverName, nameOf } from "./disk-specs.ts";
import { rootOnly } from "./seed/block-devices.ts";
import { seedInterfaces } from "./seed-interfaces.ts";
import type { WantedGuest } from "./wanted.ts";

/** The config drive of a guest, but for the names of its disks; null when it has none. */
export function seedSpec(guest: WantedGuest): SeedSpec | null {
  const { config, settings, instance, image, project, name, uuid, index, interfaces } = guest;
  if (!hasConfigDrive(config, instance)) return null;
  const keyPair = instance.key_pair;
  // Nova CFG-14: with the disks where their driver can keep it, elsewhere a file.
  const driver = driveDriver(driverName(guest));
  return {
    disk: {
      ...nameOf(guest, instanceFiles.configDrive),
      role: "drive",
      backend: driver,
      place: placeOf(driver, settings),
      size: null,
      content: { kind: "bytes" },
      preallocate: "none",
      encryption: null,
    },
    instance: name,
    uuid,
    format: typeof instance.config_drive === "object" ? instance.config_drive.format : "iso9660",
    hostname: instance.hostname ?? name,
    launchIndex: index,
    project,
    flavor: instance.flavor,
    metadata: instance.metadata ?? {},
    publicKeys: keyPair === undefined ? {} : { [keyPair]: declared(config.key_pairs, keyPair).public_key },
    userData: instance.user_data ?? null,
    files: guestFiles(instance),
    adminPassword: instance.admin_password ?? null,
    interfaces: seedInterfaces(config, instance, interfaces),
    kernel: image.kernel !== undefined,
    ramdisk: image.ramdisk !== undefined,
    blockDevices: rootOnly,
  };
}
