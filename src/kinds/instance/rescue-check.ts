import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { deviceProperties } from "../config/hardware/device-properties.ts";
import { hardwareInput } from "../config/hardware/hardware-input.ts";
import { hardwareOf } from "../config/hardware/hardware-of.ts";
import { imageOf } from "../config/image-of.ts";
import { machineType } from "../config/machine-type.ts";
import { type Rescue, rescueOf } from "../config/rescue-of.ts";
import type { Checked } from "../disk/checked.ts";
import { rescueBuses } from "../guest/device-map.ts";

/** Nova also has floppies and SCSI LUNs, which virtform does not support. */
const devices = ["disk", "cdrom"];

/** Rescues without an image to boot, and rescue images with device properties that the guest cannot have (Nova BLK-12). */
export function checkRescues({ config, observed }: Pick<Checked, "config" | "observed">): Diagnostic[] {
  const { facts } = observed;
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]): Diagnostic[] => {
    const rescue = rescueOf(config, instance);
    if (rescue === undefined) return instance.rescue === true && instance.image === undefined ? [withoutImage(name)] : [];
    if (!rescue.stable) return [];
    const hardware = hardwareOf(hardwareInput(config, name, instance));
    const machine = machineType(deviceProperties(imageOf(config, instance).properties ?? {}, hardware), facts);
    return [...checkDevice(name, rescue), ...checkBus(name, rescue, machine)];
  });
}

function withoutImage(name: string): Diagnostic {
  const detail = `${name} boots from a volume, so it has no image for a fresh disk. Write rescue: { image: NAME }.`;
  return problem("rescue-image-missing", {
    summary: `No rescue image for ${name}`,
    detail,
    address: `domain/${name}`,
    key: ["rescue"],
  });
}

function checkDevice(instance: string, { name, properties }: Rescue): Diagnostic[] {
  const device = properties["hw_rescue_device"];
  if (device === undefined || devices.includes(device)) return [];
  return [
    problem("unsupported-rescue-device", {
      summary: `Image ${name} has hw_rescue_device: ${device}, which ${instance} cannot have`,
      detail: `The possible values are ${devices.join(" and ")}. Change the property. Without it and hw_rescue_bus, the rescue disk takes the first name.`,
      address: `image/${name}`,
      key: ["properties"],
    }),
  ];
}

function checkBus(instance: string, { name, properties, cdrom }: Rescue, machine: string): Diagnostic[] {
  const property = ["hw_rescue_bus", cdrom ? "hw_cdrom_bus" : "hw_disk_bus"].find((one) => properties[one] !== undefined);
  const bus = property === undefined ? undefined : properties[property];
  const possible = rescueBuses(cdrom, machine);
  if (bus === undefined || possible.includes(bus)) return [];
  return [
    problem("unsupported-rescue-bus", {
      summary: `Image ${name} has ${property}: ${bus}, on which ${instance} cannot have a rescue ${cdrom ? "CD" : "disk"}`,
      detail: `With machine type ${machine} the possible buses are ${possible.join(", ")}. ${property === "hw_rescue_bus" ? "Change the property." : "Set hw_rescue_bus."}`,
      address: `image/${name}`,
      key: ["properties"],
    }),
  ];
}
