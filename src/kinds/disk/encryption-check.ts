import { allDrivers, driverOf } from "../../drivers/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import type { Resource } from "../../model/resource.ts";
import { type SecretRef, secretPlace } from "../../model/secret.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config } from "../config.ts";
import type { InstanceSpec } from "../instance/desired.ts";
import type { SecretState } from "../instance/secret/secret.ts";
import { withOwnContent } from "./content.ts";
import type { InstanceDisk, InstanceDiskState } from "./disk.ts";
import { mustBeRemade } from "./must-be-remade.ts";
import { diskAddress } from "./role.ts";

/** Encryption where disks cannot have it. */
export function checkEncryption(config: Config, settings: HostSettings): Diagnostic[] {
  const able = allDrivers().flatMap((driver) => (driver.traits.encrypts ? [driver.name] : []));
  return Object.entries(config.instances ?? {}).flatMap(([name, { encryption, images_type }]): Diagnostic[] => {
    const backend = images_type ?? settings.imagesType;
    if (encryption === undefined || driverOf(backend).traits.encrypts) return [];
    const detail = `Its disks are ${backend}, and only ${able.join(" and ")} files can be encrypted. Write images_type: ${able[0]} for ${name}, or leave encryption out and let the guest encrypt.`;
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

/** Passphrases that will be needed and cannot be had. What needs none asks for none: a plan without changes works without it. */
export function checkPassphrases(
  resources: readonly Resource<InstanceSpec>[],
  observed: Observed,
  lookUpSecret: (reference: SecretRef) => string | undefined,
): Diagnostic[] {
  return resources.flatMap(({ address, spec }): Diagnostic[] => {
    if (spec.kind !== "secret") return [];
    const { instance, passphrase } = spec.secret;
    const have = observed.states.get(address) as SecretState | undefined;
    const specs = resources.map((resource) => withOwnContent(resource.address, resource.spec, observed));
    const disks = specs.flatMap((other) => (other.kind === "disk" && other.disk.instance === instance ? [other] : []));
    if (have?.ready === true && !disks.some((disk) => needsPassphrase(disk, observed))) return [];
    const value = lookUpSecret(passphrase);
    if (value !== undefined && value !== "") return [];
    const summary = `The passphrase for the disks of ${instance} ${value === "" ? "is empty" : "cannot be had"}`;
    const remedy =
      "env" in passphrase
        ? `Set it (export ${passphrase.env}=…) and run the same command again.`
        : "The file has to be on this machine, and readable.";
    const detail = `It comes from ${secretPlace(passphrase)}. ${remedy}`;
    return [{ severity: "error", code: value === "" ? "passphrase-empty" : "passphrase-missing", summary, detail, address }];
  });
}

/** Whether a disk is to be made, or grown while no guest has it open. */
function needsPassphrase(want: InstanceDisk, observed: Observed): boolean {
  if (want.disk.encryption === undefined) return false;
  const have = observed.states.get(diskAddress(want.disk.instance, want.disk.name)) as InstanceDiskState | undefined;
  if (have?.disk === undefined || mustBeRemade(want, have)) return true;
  return !have.running && want.disk.size !== null && want.disk.size > have.disk.size;
}
