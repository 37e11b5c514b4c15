import type { Config, ImageConfig, InstanceConfig } from "../config.ts";
import { declared } from "./declared.ts";
import { rootVolumeOf } from "./root-volume-of.ts";

/** The image of an instance, or of the volume that it boots from. Empty for a volume that was made without an image. */
export function imageOf(config: Config, instance: Pick<InstanceConfig, "image" | "volumes">): Partial<ImageConfig> {
  if (instance.image !== undefined) return declared(config.images, instance.image);
  const name = config.volumes?.[rootVolumeOf(instance) ?? ""]?.image;
  // A volume is a disk, whatever format it was made from.
  return name === undefined ? {} : { ...declared(config.images, name), disk_format: "raw" };
}
