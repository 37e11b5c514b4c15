import type { DeviceFields } from "../field.ts";
import { type NumaNode, numaNodes } from "../numa-nodes.ts";
import { cpuSet } from "./cpu-set.ts";
import { numberOf } from "./read.ts";
import { set } from "./write.ts";

/** NUMA nodes of a guest, by number. */
export const numa: DeviceFields<NumaNode> = {
  section: "numa",
  onlyIfSet: true,
  items: (spec) => numaNodes(spec),
  key: ({ id }) => String(id),
  at: "cpu/numa/cell",
  owns: ["@id"],
  shape: (cell, { id }) => set(cell, "id", id),
  keyOf: ({ attributes }) => attributes["id"] ?? "?",
  fields: [
    {
      name: "cpus",
      want: ({ cpus }) => cpuSet(cpus),
      owns: ["@cpus"],
      write: (cell, value) => set(cell, "cpus", value),
      read: ({ attributes }) => (attributes["cpus"] === undefined ? undefined : cpuSet(attributes["cpus"])),
    },
    {
      name: "memory",
      size: true,
      want: ({ memory }) => Math.ceil(memory / 1024) * 1024,
      owns: ["@memory", "@unit"],
      write: (cell, value) => set(set(cell, "memory", Number(value) / 1024), "unit", "KiB"),
      read: ({ attributes }) => {
        const kibibytes = numberOf(attributes["memory"]);
        return kibibytes === undefined ? undefined : kibibytes * 1024;
      },
    },
  ],
};
