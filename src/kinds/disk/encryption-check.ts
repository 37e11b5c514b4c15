import { allDrivers, driverOf } from "../../drivers/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { guests } from "../terms/guest-address.ts";
import { volumes } from "../terms/volume-address.ts";
import type { Checked } from "./checked.ts";

/** Encryption where disks cannot have it. */
export function checkEncryption({ config, settings }: Pick<Checked, "config" | "settings">): Diagnostic[] {
  const able = allDrivers().flatMap((driver) => (driver.encryption === undefined ? [] : [driver.name]));
  const wanted = [
    ...Object.entries(config.instances ?? {}).map(([name, one]) => ({
      ...one,
      name,
      address: guests.at(name),
      disks: `The disks of ${name}`,
    })),
    ...Object.entries(config.volumes ?? {}).map(([name, one]) => ({ ...one, name, address: volumes.at(name), disks: `Volume ${name}` })),
  ];
  return wanted.flatMap(({ name, address, disks, encryption, images_type }): Diagnostic[] => {
    const backend = images_type ?? settings.imagesType;
    if (encryption === undefined || driverOf(backend).encryption !== undefined) return [];
    const detail = `images_type is ${backend}, and libvirt has no encryption for such disks; ${able.join(", ")} can be encrypted. Write images_type: ${able[0]} for ${name}, or omit encryption and encrypt inside the guest.`;
    return [problem("encryption-needs-qcow2", { summary: `${disks} cannot be encrypted`, detail, address, key: ["encryption"] })];
  });
}
