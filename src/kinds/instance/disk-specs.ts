import type { DiskContent, DiskEncryption, DiskSpec } from "../../drivers/driver.ts";
import { placeOf, plainFileDriver, roundUp } from "../../drivers/index.ts";
import { instanceFiles, layoutOf } from "../../model/layout.ts";
import { blankDisks } from "../config/blank-disks.ts";
import type { Rescue } from "../config/rescue-of.ts";
import type { ImageConfig } from "../config.ts";
import { baseRef } from "../image/base-ref.ts";
import { secretUuid } from "../secret/secret.ts";
import { instanceOwner } from "../terms/disk-owner.ts";
import { bootFileNames } from "./boot-files.ts";
import type { WantedGuest } from "./wanted.ts";

/**
 * Every disk of a guest but its volumes: root, kernel and ramdisk, ephemerals and swap, and what it is rescued with. `injected`: the record of what
 * is injected into its root disk.
 */
export function diskSpecs(guest: WantedGuest, injected?: string): DiskSpec[] {
  // An adopted guest has its disks already.
  if (guest.instance.adopt === true) return [];
  const disks = [...rootDisk(guest, injected), ...bootFiles(guest, guest.image, "own"), ...blanks(guest), ...rescueDisks(guest)];
  return disks.map((disk) => placed(disk, guest));
}

/** The driver of a guest's disks. */
export function driverName({ instance, settings }: Pick<WantedGuest, "instance" | "settings">): string {
  return instance.images_type ?? settings.imagesType;
}

/** Nova BLD-13: a guest that boots from a volume has no root disk of its own. */
function rootDisk(guest: WantedGuest, injected: string | undefined): DiskSpec[] {
  const { settings, instance, image, flavor } = guest;
  if (instance.image === undefined) return [];
  // Nova BLK-06: the guest gets an ISO as a CD: whole, read-only, at its own size.
  const iso = image.disk_format === "iso";
  return [
    {
      ...nameOf(guest, instanceFiles.root),
      role: "root",
      backend: iso ? plainFileDriver : driverName(guest),
      // Nova BLD-14: 0 keeps the image's size.
      size: iso || flavor.disk === 0 ? null : flavor.disk,
      content: contentOf(guest, instance.image, false, injected),
      preallocate: iso ? "none" : settings.preallocateImages,
      // The content of a CD is public.
      encryption: iso ? null : encryptionOf(guest),
    },
  ];
}

/** Kernel and ramdisk of an image: plain files whatever the driver (Nova LAY-19), of a rescue under names of their own (LAY-10). */
function bootFiles(guest: WantedGuest, image: Pick<ImageConfig, "kernel" | "ramdisk">, owner: "own" | "rescue"): DiskSpec[] {
  return (["kernel", "ramdisk"] as const).flatMap((role): DiskSpec[] => {
    const name = image[role];
    if (name === undefined) return [];
    const content = contentOf(guest, name, true);
    const file = nameOf(guest, bootFileNames[owner][role]);
    return [{ ...file, role, backend: plainFileDriver, size: null, content, preallocate: "none", encryption: null }];
  });
}

function blanks(guest: WantedGuest): DiskSpec[] {
  const { config, settings, instance, image, flavor } = guest;
  return blankDisks(instance, image, flavor, config.host, guest.ephemeralFiles).map(({ name, content, ...blank }) => ({
    ...nameOf(guest, name),
    backend: driverName(guest),
    preallocate: settings.preallocateImages,
    encryption: encryptionOf(guest),
    content: { kind: "blank", blank: content },
    ...blank,
  }));
}

/** The disk that a rescue boots, at the image's own size (Nova BLD-14), and its kernel and ramdisk. A CD is a plain file whatever the driver. */
function rescueDisks(guest: WantedGuest): DiskSpec[] {
  const { rescue } = guest;
  return rescue === null ? [] : [rescueDisk(guest, rescue), ...bootFiles(guest, rescue.image, "rescue")];
}

function rescueDisk(guest: WantedGuest, { name, cdrom }: Rescue): DiskSpec {
  return {
    ...nameOf(guest, instanceFiles.rescue),
    role: "rescue",
    backend: cdrom ? plainFileDriver : driverName(guest),
    size: null,
    content: contentOf(guest, name, false),
    preallocate: "none",
    // Data that is rescued must not become readable on the rescue disk.
    encryption: cdrom ? null : encryptionOf(guest),
  };
}

/** A file of the instance directory, by its name. The place is filled in by `placed`. */
export function nameOf(guest: WantedGuest, name: string): Pick<DiskSpec, "owner" | "uuid" | "name" | "path" | "place"> {
  const { name: instance, uuid, settings } = guest;
  const layout = layoutOf(settings);
  const owner = instanceOwner(layout, uuid, instance, guest.instance.prevent_destroy ?? false);
  return { owner, uuid, name, path: layout.instanceFile(uuid, name), place: null };
}

function contentOf(guest: WantedGuest, image: string, bootFile: boolean, injected?: string): DiskContent {
  return { kind: "base", base: baseRef(guest, image, bootFile), ...(injected === undefined ? {} : { injected }) };
}

function encryptionOf({ instance, uuid }: WantedGuest): DiskEncryption | null {
  const passphrase = instance.encryption?.passphrase;
  return passphrase === undefined ? null : { passphrase, secretUuid: secretUuid(uuid) };
}

/** A disk with the size that its driver can give, which may come in steps, and the place that the configuration gives it. */
function placed(disk: DiskSpec, { facts, settings }: WantedGuest): DiskSpec {
  const size = disk.size === null ? null : roundUp(disk.backend, disk.size, facts, settings).bytes;
  return { ...disk, size, place: placeOf(disk.backend, settings) };
}
