import { plainFileDriver } from "../../drivers/index.ts";
import { instanceFiles } from "../../model/layout.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config, ImageConfig, InstanceConfig } from "../config.ts";
import type { RescueDevice } from "../guest/device-map.ts";
import { baseRef } from "../image/base-ref.ts";
import type { DiskSpec } from "../instance/spec.ts";
import { bootFiles, type NameFile } from "./boot-files.ts";

/** What an instance is rescued with: an image, and how the guest gets it. */
export interface Rescue extends RescueDevice {
  /** Its name in the configuration. */
  readonly name: string;
  readonly image: ImageConfig;
}

/**
 * The rescue of an instance; undefined when it has none. Neither has one without an image to boot, which `checkRescues`
 * tells of. What the image says about devices is taken as it stands; that is checked there as well.
 */
export function rescueOf(config: Config, { image: own, rescue = false }: Pick<InstanceConfig, "image" | "rescue">): Rescue | undefined {
  if (rescue === false) return undefined;
  const name = rescue === true ? own : rescue.image;
  const image = name === undefined ? undefined : config.images?.[name];
  if (name === undefined || image === undefined) return undefined;
  const properties = image.properties ?? {};
  const device = properties["hw_rescue_device"];
  const stable = device !== undefined || properties["hw_rescue_bus"] !== undefined;
  // As any ISO: a CD, unless the image says otherwise.
  const cdrom = device === undefined ? image.disk_format === "iso" : device === "cdrom";
  return { name, image, cdrom, stable, properties };
}

/** The disk that a rescue boots, at the image's own size (Nova BLD-14), and its kernel and ramdisk. A CD is a plain file whatever the backend. */
export function rescueDisks(
  config: Config,
  settings: HostSettings,
  { name, image, cdrom }: Rescue,
  { backend, encryption }: { readonly backend: string } & Pick<DiskSpec, "encryption">,
  nameFile: NameFile,
): DiskSpec[] {
  const disk: DiskSpec = {
    ...nameFile(instanceFiles.rescue),
    role: "rescue",
    backend: cdrom ? plainFileDriver : backend,
    size: null,
    base: baseRef(settings, name, image, false),
    preallocate: "none",
    // What is rescued must not end up readable on the disk that it is rescued with.
    ...(cdrom || encryption === undefined ? {} : { encryption }),
  };
  return [disk, ...bootFiles(config, settings, image, nameFile, true)];
}
