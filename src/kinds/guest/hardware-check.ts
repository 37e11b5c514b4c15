import type { Diagnostic } from "../../model/diagnostic.ts";
import { machineType } from "../config/machine-type.ts";
import { rescueOf } from "../config/rescue-of.ts";
import { rootVolumeOf } from "../config/root-volume-of.ts";
import type { Checked } from "../disk/checked.ts";
import { checkDeviceProperties } from "./device-map.ts";

/** Hardware properties of images that their guests cannot have. */
export function checkHardware({ config, observed }: Pick<Checked, "config" | "observed">): Diagnostic[] {
  const { facts } = observed;
  const used = new Set(
    Object.values(config.instances ?? {}).flatMap((instance) => {
      const rescue = rescueOf(config, instance);
      const own = instance.image ?? config.volumes?.[rootVolumeOf(instance) ?? ""]?.image;
      // In a stable rescue the guest keeps its hardware; `checkRescues` checks the added disk.
      return rescue === undefined || rescue.stable ? [own] : [own, rescue.name];
    }),
  );
  return [...used].flatMap((name) => {
    if (name === undefined) return [];
    const properties = config.images?.[name]?.properties ?? {};
    return checkDeviceProperties(name, { arch: facts.arch, machine: machineType(properties, facts), properties });
  });
}
