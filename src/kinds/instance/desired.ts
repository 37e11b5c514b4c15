import { baseOf } from "../../drivers/content.ts";
import type { DiskSpec } from "../../drivers/driver.ts";
import type { Resource } from "../../model/resource.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { virtTypeOf } from "../config/virt-type.ts";
import type { Wanted } from "../config/wanted.ts";
import type { InstanceDisk } from "../disk/disk.ts";
import type { TargetedGuest } from "../guest/keep-targets.ts";
import { cloneFallback } from "../image/clone-fallback.ts";
import type { ContentSource } from "../image/content-record.ts";
import { desiredImage } from "../image/desired.ts";
import { expectedBase } from "../image/expected-base.ts";
import { declaredSource } from "../image/same-bytes.ts";
import { secretUuid } from "../secret/secret.ts";
import { diskAddress, diskRole } from "../terms/disk-name.ts";
import { guests } from "../terms/guest-address.ts";
import { secrets } from "../terms/secret-address.ts";
import { seeds } from "../terms/seed-address.ts";
import type { DomainSpec, SecretSpec, SeedSpec } from "../terms/spec.ts";
import { diskSpecs } from "./disk-specs.ts";
import { domainSpec } from "./domain-spec.ts";
import { injectedRecord, injectionOf } from "./injection-of.ts";
import { blockDevices } from "./seed/block-devices.ts";
import { seedSpec } from "./seed-spec.ts";
import { volumeSecrets } from "./volume-secrets.ts";
import { type WantedGuest, wantedGuests } from "./wanted.ts";

/** Any object of an instance as it should be. */
export type InstanceSpec =
  | InstanceDisk
  | SeedResource
  | { readonly kind: "secret"; readonly secret: SecretSpec }
  /** `disks`: those of the instance itself. */
  | { readonly kind: "domain"; readonly domain: DomainSpec; readonly disks: readonly InstanceDisk[] };

/** A config drive. */
export interface SeedResource {
  readonly kind: "seed";
  readonly seed: SeedSpec;
  /** What decides about the device names in it; null where it names only the root disk. */
  readonly devices: DriveDevices | null;
}

/** The guest without a rescue, whose disks a config drive names, and whether it is wanted with one. */
export interface DriveDevices {
  readonly usual: TargetedGuest;
  readonly rescued: boolean;
}

/** Every secret, disk, config drive and domain of every instance of the configuration, with all defaults filled, and the secrets of volumes. */
export function desiredInstances(wanted: Wanted): Resource<InstanceSpec>[] {
  return [...volumeSecrets(wanted), ...wantedGuests(wanted).flatMap(desiredGuest)];
}

function desiredGuest(guest: WantedGuest): Resource<InstanceSpec>[] {
  const { name } = guest;
  const injection = injectionOf(guest, virtTypeOf(guest.settings.virtType, guest.facts) === "qemu");
  const disks = diskSpecs(guest, injectedRecord(injection));
  const drive = seedSpec(guest);
  const domain = domainSpec(guest, disks, drive);
  // Nova CFG-15: a rescue leaves the drive as it is, so the drive names the disks as they are without the rescue.
  const usual = guest.rescue === null ? domain : domainSpec({ ...guest, rescue: null }, disks, drive);
  const own = disks.map(
    (disk): InstanceDisk => ({
      kind: "disk",
      disk,
      domain,
      fallback: cloneFallback(guest, disk),
      expected: expectedBase(guest, disk),
      ...withoutUndefined({ source: sourceOf(guest, disk) }),
      ...(injection === undefined || disk.role !== "root" ? {} : { injection }),
    }),
  );
  return [
    ...secretSpec(guest).map((secret) => ({ address: secrets.at(name), spec: { kind: "secret" as const, secret } })),
    ...own.map((spec) => ({ address: diskAddress(name, spec.disk.name), spec })),
    ...(drive === null
      ? []
      : [
          {
            address: seeds.at(name),
            spec: {
              kind: "seed" as const,
              seed: { ...drive, blockDevices: blockDevices(usual.disks) },
              devices: driveDevices(usual, guest.rescue !== null),
            },
          },
        ]),
    { address: guests.at(name), spec: { kind: "domain", domain, disks: own } },
  ];
}

/** What the image of a disk is made from, as far as the configuration says it. */
function sourceOf(guest: WantedGuest, disk: DiskSpec): ContentSource | undefined {
  const base = baseOf(disk);
  return base === null ? undefined : declaredSource(desiredImage(guest, base.image));
}

function driveDevices({ uuid, rescue, disks }: DomainSpec, rescued: boolean): DriveDevices | null {
  if (!disks.some(({ name }) => diskRole(name) === "ephemeral" || diskRole(name) === "swap")) return null;
  const targeted = disks.map(({ name, target, bus, serial, bootOrder, named }) => ({ name, target, bus, serial, bootOrder, named }));
  return { usual: { uuid, rescue, disks: targeted }, rescued };
}

/** The secret of a guest whose disks are encrypted; none for other guests. */
function secretSpec({ instance, name, uuid, project }: WantedGuest): SecretSpec[] {
  const passphrase = instance.encryption?.passphrase;
  return passphrase === undefined ? [] : [{ name, uuid: secretUuid(uuid), owner: uuid, project, passphrase }];
}
