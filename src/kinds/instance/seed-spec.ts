import type { DiskSpec } from "../../drivers/driver.ts";
import { driveDriver, placeOf, plainFileDriver } from "../../drivers/index.ts";
import { createLayout, instanceFiles } from "../../model/layout.ts";
import { declared } from "../config/declared.ts";
import type { SeedSpec } from "../terms/spec.ts";
import { driverName } from "./disk-specs.ts";
import { rootOnly } from "./seed/block-devices.ts";
import type { WantedGuest } from "./wanted.ts";

/** The config drive of a guest, but for the names of its disks; null when it has none. */
export function seedSpec(guest: WantedGuest): SeedSpec | null {
  const { config, settings, instance, image, project, name, uuid, index, interfaces } = guest;
  if (instance.config_drive === false) return null;
  const keyPair = instance.key_pair;
  // Nova CFG-14: with the disks where their driver can keep it, elsewhere a file.
  const driver = driveDriver(driverName(guest));
  return {
    instance: name,
    uuid,
    path: createLayout(settings.instancesPath).instanceFile(uuid, instanceFiles.configDrive),
    format: typeof instance.config_drive === "object" ? instance.config_drive.format : "iso9660",
    hostname: instance.hostname ?? name,
    launchIndex: index,
    project,
    flavor: instance.flavor,
    metadata: instance.metadata ?? {},
    publicKeys: keyPair === undefined ? {} : { [keyPair]: declared(config.key_pairs, keyPair).public_key },
    userData: instance.user_data ?? null,
    adminPassword: instance.admin_password ?? null,
    interfaces,
    kernel: image.kernel !== undefined,
    ramdisk: image.ramdisk !== undefined,
    backend: driver === plainFileDriver ? null : driver,
    place: driver === plainFileDriver ? null : (placeOf(driver, settings) ?? null),
    blockDevices: rootOnly,
  };
}

/** The disk that a config drive is. */
export function driveDisk({ instance, uuid, path, place }: SeedSpec, backend: string): DiskSpec {
  const name = instanceFiles.configDrive;
  return { instance, uuid, name, role: "drive", backend, path, ...(place === null ? {} : { place }), size: null, preallocate: "none" };
}
