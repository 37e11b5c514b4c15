import type { Config } from "../config.ts";
import { deviceProperties } from "./hardware/device-properties.ts";
import { hardwareInput } from "./hardware/hardware-input.ts";
import { hardwareOf } from "./hardware/hardware-of.ts";

/** Settings that not every host can give. */
const demanding = /^(firmware$|secure_boot$|tpm\.|cpu\.(mode|model)$|video\.model$|max_vcpus$)/;

/** Machine types of guests whose hardware depends on what the host has, each once; null stands for the default of the host. */
export function usedMachines(config: Config): (string | null)[] {
  const machines = Object.entries(config.instances ?? {}).flatMap(([entry, instance]) => {
    if (config.flavors?.[instance.flavor] === undefined) return [];
    const input = hardwareInput(config, entry, instance);
    const hardware = hardwareOf(input);
    if (instance.count === 0 || !Object.keys(hardware).some((path) => demanding.test(path))) return [];
    return [deviceProperties(input.image.config.properties ?? {}, hardware)["hw_machine_type"] ?? null];
  });
  return [...new Set(machines)];
}
