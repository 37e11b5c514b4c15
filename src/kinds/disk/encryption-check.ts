import type { Diagnostic } from "../../model/diagnostic.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config } from "../config.ts";

/** Encryption where disks cannot have it. */
export function checkEncryption(config: Config, settings: HostSettings): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, { encryption, images_type }]): Diagnostic[] => {
    const backend = images_type ?? settings.imagesType;
    if (encryption === undefined || backend === "qcow2") return [];
    const detail = `Its disks are ${backend}, and only qcow2 files can be encrypted. Write images_type: qcow2 for ${name}, or leave encryption out and let the guest encrypt.`;
    return [
      {
        severity: "error",
        code: "encryption-needs-qcow2",
        summary: `The disks of ${name} cannot be encrypted`,
        detail,
        address: `domain/${name}`,
      },
    ];
  });
}
