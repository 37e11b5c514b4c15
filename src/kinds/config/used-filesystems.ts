import type { Filesystem } from "../../tools/mkfs.ts";
import type { Config } from "../config.ts";
import { blankDisks } from "./blank-disks.ts";
import { rootVolumeOf } from "./root-volume-of.ts";

/** What the empty disks and volumes of a configuration hold at first. */
export function usedFilesystems(config: Config): Filesystem[] {
  const disks = Object.values(config.instances ?? {}).flatMap((instance) => {
    const flavor = config.flavors?.[instance.flavor];
    const image = config.images?.[instance.image ?? config.volumes?.[rootVolumeOf(instance) ?? ""]?.image ?? ""];
    return flavor === undefined || instance.count === 0
      ? []
      : blankDisks(instance, image, flavor, config.host).map(({ content }) => content.filesystem);
  });
  return [...new Set([...disks, ...Object.values(config.volumes ?? {}).flatMap(({ format }) => format ?? [])])];
}
