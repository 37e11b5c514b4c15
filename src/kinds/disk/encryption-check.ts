import { allDrivers, driverOf } from "../../drivers/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import type { Checked } from "./checked.ts";

/** Encryption where disks cannot have it. */
export function checkEncryption({ config, settings }: Pick<Checked, "config" | "settings">): Diagnostic[] {
  const able = allDrivers().flatMap((driver) => (driver.traits.encrypts ? [driver.name] : []));
  return Object.entries(config.instances ?? {}).flatMap(([name, { encryption, images_type }]): Diagnostic[] => {
    const backend = images_type ?? settings.imagesType;
    if (encryption === undefined || driverOf(backend).traits.encrypts) return [];
    const detail = `Its disks are ${backend}, and only ${able.join(" and ")} files can be encrypted. Write images_type: ${able[0]} for ${name}, or omit encryption and encrypt inside the guest.`;
    return [
      problem("encryption-needs-qcow2", {
        summary: `The disks of ${name} cannot be encrypted`,
        detail,
        address: `domain/${name}`,
        key: ["encryption"],
      }),
    ];
  });
}
