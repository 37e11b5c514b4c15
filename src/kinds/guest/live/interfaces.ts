import type { InterfaceSpec } from "../../terms/spec.ts";
import type { Hotplug } from "./live.ts";

const directions = ["inbound", "outbound"];
const metrics = ["average", "peak", "burst"];
const pci = ["virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"];

/** Interfaces come and go, and change what they are connected to. */
export const hotInterfaces: Hotplug<InterfaceSpec> = {
  attach: ({ model }) => pci.includes(model) || `a card of model ${model} cannot be added`,
  detach: (key, { active }) => {
    const model = String(active[`interfaces.${key}.model`] ?? "virtio");
    return pci.includes(model) || `a card of model ${model} cannot be removed`;
  },
  changes: () => [
    "type",
    "source",
    "link",
    "filter",
    ...directions.flatMap((direction) => metrics.map((metric) => `${direction}_${metric}`)),
  ],
  change: ({ type }, key, { active }) => {
    const had = active[`interfaces.${key}.type`];
    return had === type || (had !== "user" && type !== "user") || `a card of type ${had} cannot become one of type ${type}`;
  },
  takesPort: () => true,
};
