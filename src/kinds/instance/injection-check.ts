import { allDrivers, driverOf } from "../../drivers/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import type { Pointer } from "../../model/pointer.ts";
import { problem } from "../../model/problem.ts";
import { secretPlace, unavailableSecret } from "../../model/secret.ts";
import { guestfsRemedy } from "../../tools/guestfs/errors.ts";
import { guestfsPackage } from "../../tools/guestfs/python.ts";
import { fixedAddresses } from "../config/fixed-addresses.ts";
import { imageOf } from "../config/image-of.ts";
import { rootVolumeOf } from "../config/root-volume-of.ts";
import type { Config, InstanceConfig, NicConfig } from "../config.ts";
import type { Checked } from "../disk/checked.ts";
import type { InstanceDisk } from "../disk/disk.ts";
import { isUnfinished } from "../disk/injection/record.ts";
import { isReplaced } from "../disk/is-replaced.ts";
import { diskAddress } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";

/** `inject` where nothing can be injected. */
export function checkInjections({ config, settings }: Pick<Checked, "config" | "settings">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]): Diagnostic[] => {
    if (instance.inject === undefined) return [];
    const at = (...keys: readonly string[]) => ["instances", name, ...keys];
    if (instance.config_drive !== undefined && instance.config_drive !== false)
      return [
        problem("inject-with-config-drive", {
          summary: `${name} has a config drive and inject`,
          detail:
            "What is injected into the root disk takes the place of a config drive: a guest with both would get everything twice. Remove config_drive, or remove inject.",
          pointer: at("config_drive"),
        }),
      ];
    const volume = rootVolumeOf(instance);
    if (instance.image === undefined && volume !== undefined)
      return [
        problem(
          "inject-boot-volume",
          {
            summary: `Nothing is injected into ${name}, which boots from volume ${volume}`,
            detail: `Only root disks that are made from an image for the instance are written to; the content of a volume is kept. ${name} has no config drive either: remove inject to give it one.`,
            pointer: at("inject"),
          },
          "warning",
        ),
      ];
    const backend = instance.images_type ?? settings.imagesType;
    const why = obstacle(instance, backend, imageOf(config, instance).disk_format === "iso");
    if (why !== undefined)
      return [
        problem("inject-not-possible", {
          summary: `Nothing can be injected into the root disk of ${name}`,
          detail: why,
          pointer: at("inject"),
        }),
      ];
    return hasSomething(config, instance) ? [] : [nothing(name, at("inject"))];
  });
}

function hasSomething(
  config: Config,
  { inject, files = [], key_pair, metadata = {}, admin_password, networks = [] }: InstanceConfig,
): boolean {
  // The guest gets an address that is reserved from DHCP, and knows no VLAN by itself.
  const isWritten = (nic: NicConfig) => (nic.vlans ?? []).length > 0 || fixedAddresses(config, nic).some(({ reserved }) => !reserved);
  const written = inject?.network !== "none" && networks.some(isWritten);
  return written || files.length > 0 || key_pair !== undefined || Object.keys(metadata).length > 0 || admin_password !== undefined;
}

function nothing(name: string, pointer: Pointer): Diagnostic {
  const detail =
    "It has no files, key_pair, metadata, admin_password or fixed addresses that DHCP does not give, and with inject no config drive. Give it one of them, or remove inject.";
  return problem("inject-nothing", { summary: `inject of ${name} has no effect`, detail, pointer }, "warning");
}

function obstacle(instance: InstanceConfig, backend: string, iso: boolean): string | undefined {
  if (iso) return "Its image is an ISO, which the guest gets unchanged. Remove inject; the guest then gets a config drive.";
  if (instance.encryption !== undefined)
    return "Its disk is encrypted, and libguestfs is not given the passphrase. Remove encryption, or remove inject; the guest then gets a config drive.";
  if (driverOf(backend).guestDisk !== undefined) return undefined;
  const able = allDrivers().flatMap((driver) => (driver.guestDisk === undefined ? [] : [driver.name]));
  return `images_type is ${backend}, and libguestfs does not open such disks; it opens ${able.join(", ")}. Write images_type: ${able[0]}, or remove inject.`;
}

/** What an injection of this plan needs and the host, or the environment, does not have. */
export function checkInjectionNeeds({ disks, observed }: Pick<Checked, "disks" | "observed">): Diagnostic[] {
  const injected = disks.filter((disk) => disk.injection !== undefined && isMade(disk, observed));
  const named = injected.map(({ disk }) => ownerName(disk.owner));
  const words = `${named.slice(0, 3).join(", ")}${named.length > 3 ? ` and ${named.length - 3} more` : ""}`;
  const missing =
    injected.length > 0 && observed.facts.missingPrograms.includes(guestfsPackage)
      ? [
          problem("guestfs-missing", {
            summary: "libguestfs is not installed on the host",
            detail: `It writes what is injected into the root disk of ${words}. ${guestfsRemedy}`,
            address: injected[0]?.disk.owner.address,
            key: ["inject"],
          }),
        ]
      : [];
  return [...missing, ...injected.flatMap((disk) => missingPassword(disk, observed))];
}

function missingPassword({ injection, disk }: InstanceDisk, observed: Observed): Diagnostic[] {
  const reference = injection?.password ?? null;
  if (reference === null || (observed.facts.secrets[secretPlace(reference)] ?? "missing") !== "missing") return [];
  const { summary, remedy } = unavailableSecret(reference);
  const detail = `The root disk of ${ownerName(disk.owner)} cannot be made without this password. ${remedy}`;
  return [problem("secret-missing", { summary, detail, address: disk.owner.address, key: ["admin_password"] })];
}

/** Whether the plan makes the disk. */
function isMade(want: InstanceDisk, observed: Observed): boolean {
  const have = observed.get(diskAddress(ownerName(want.disk.owner), want.disk.name));
  return have?.disk === undefined || isUnfinished(have.applied.injected) || isReplaced(want, have);
}
