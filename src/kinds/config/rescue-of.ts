import type { Config, ImageConfig, InstanceConfig } from "../config.ts";

/** How a guest gets the disk that it is rescued with. */
export interface RescueDevice {
  readonly cdrom: boolean;
  /** The disk is added after the guest's own disks (Nova BLK-12) instead of taking the first name (Nova BLK-11). */
  readonly stable: boolean;
  /** Properties of the rescue image: `hw_rescue_bus`, else the property that names the bus of its disks. */
  readonly properties: Readonly<Record<string, string>>;
}

/** The image that an instance is rescued with, and how the guest gets it. */
export interface Rescue extends RescueDevice {
  /** Name of the image in the configuration. */
  readonly name: string;
  readonly image: ImageConfig;
}

/**
 * The rescue of an instance; undefined when it has none, and when it has no image to boot, which `checkRescues` reports. The image's
 * device properties are taken as written; `checkRescues` checks them.
 */
export function rescueOf(config: Config, { image: own, rescue = false }: Pick<InstanceConfig, "image" | "rescue">): Rescue | undefined {
  if (rescue === false) return undefined;
  const name = rescue === true ? own : rescue.image;
  const image = name === undefined ? undefined : config.images?.[name];
  if (name === undefined || image === undefined) return undefined;
  const properties = image.properties ?? {};
  const device = properties["hw_rescue_device"];
  const stable = device !== undefined || properties["hw_rescue_bus"] !== undefined;
  // Like any ISO, a CD unless the image says otherwise.
  const cdrom = device === undefined ? image.disk_format === "iso" : device === "cdrom";
  return { name, image, cdrom, stable, properties };
}
