import type { Diagnostic } from "../../model/diagnostic.ts";
import { deviceProperties } from "../config/hardware/device-properties.ts";
import { hardwareInput } from "../config/hardware/hardware-input.ts";
import { hardwareOf } from "../config/hardware/hardware-of.ts";
import { machineType } from "../config/machine-type.ts";
import { rescueOf } from "../config/rescue-of.ts";
import { rootVolumeOf } from "../config/root-volume-of.ts";
import type { Checked } from "../disk/checked.ts";
import { checkDeviceProperties } from "./device-map.ts";

/** Hardware properties of images that their guests cannot have. */
export function checkHardware({ config, observed, settings }: Pick<Checked, "config" | "observed" | "settings">): Diagnostic[] {
  // `checkContainers` reports every property of hardware.
  if (settings.virtType === "lxc") return [];
  const { facts } = observed;
  const used = Object.entries(config.instances ?? {}).flatMap(([entry, instance]) => {
    const rescue = rescueOf(config, instance);
    const own = instance.image ?? config.volumes?.[rootVolumeOf(instance) ?? ""]?.image;
    const { machine } = hardwareOf(hardwareInput(config, entry, instance));
    // In a stable rescue the guest keeps its hardware; `checkRescues` checks the added disk.
    const names = rescue === undefined || rescue.stable ? [own] : [own, rescue.name];
    return names.flatMap((name) => (name === undefined ? [] : [{ name, machine }]));
  });
  const different = new Map(used.map(({ name, machine }) => [`${name} ${machine}`, { name, machine }]));
  return [...different.values()].flatMap(({ name, machine }) => {
    const written = config.images?.[name]?.properties ?? {};
    const properties = deviceProperties(written, machine === undefined ? {} : { machine });
    return checkDeviceProperties(name, { arch: facts.arch, machine: machineType(properties, facts), properties });
  });
}
