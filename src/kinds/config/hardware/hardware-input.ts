import type { Config, InstanceConfig } from "../../config.ts";
import { declared } from "../declared.ts";
import { rescueOf } from "../rescue-of.ts";
import { rootVolumeOf } from "../root-volume-of.ts";
import type { HardwareInput } from "./hardware-of.ts";

/** What describes the hardware of an instance. Nova BLK-11: without stable devices, it is what the system of the rescue image knows. */
export function hardwareInput(config: Config, entry: string, instance: InstanceConfig): HardwareInput {
  const rescue = rescueOf(config, instance);
  const own = instance.image ?? config.volumes?.[rootVolumeOf(instance) ?? ""]?.image;
  const name = rescue?.stable === false ? rescue.name : own;
  return {
    entry,
    instance,
    flavor: declared(config.flavors, instance.flavor),
    image: { name, config: name === undefined ? {} : declared(config.images, name) },
  };
}
