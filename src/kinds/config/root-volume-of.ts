import type { InstanceConfig } from "../config.ts";

/** The volume with `boot_index: 0`, which an instance without an image boots from; undefined when there is none. */
export function rootVolumeOf({ volumes = [] }: Pick<InstanceConfig, "volumes">): string | undefined {
  return volumes.find((volume) => volume.boot_index === 0)?.volume;
}
