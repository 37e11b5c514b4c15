import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { rootVolumeOf } from "../config/root-volume-of.ts";
import type { Checked } from "./checked.ts";

/** An instance boots from its image or from one volume (Nova BLD-13): neither, or both, is a mistake. */
export function checkRootDisks({ config }: Pick<Checked, "config">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]): Diagnostic[] => {
    const volume = rootVolumeOf(instance);
    const several = (instance.volumes ?? []).filter((one) => one.boot_index === 0).length > 1;
    // An adopted guest boots as it did.
    if (instance.adopt === true && volume === undefined) return [];
    if ((instance.image === undefined) !== (volume === undefined) && !several) return [];
    const address = `domain/${name}` as const;
    if (volume === undefined) {
      const detail = "It has no image, and none of its volumes has boot_index: 0. Give it an image, or say which volume it boots from.";
      return [problem("no-root-disk", { summary: `${name} has nothing to boot from`, detail, address })];
    }
    const detail = `Volume ${volume} has boot_index: 0, and so has ${several ? "another volume" : "the disk of its image"}. Leave ${several ? "one of them" : "image or boot_index"} out.`;
    return [problem("several-root-disks", { summary: `${name} has more than one root disk`, detail, address })];
  });
}
