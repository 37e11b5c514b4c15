import { find, type XmlElement } from "../../../tools/xml.ts";
import { at } from "../draft.ts";
import type { GuestField } from "../field.ts";
import { set, setText } from "./write.ts";

/** Memory of a guest. */
export const memoryFields: readonly GuestField[] = [
  {
    path: "memory",
    headline: 4,
    size: true,
    // libvirt counts in KiB.
    want: ({ memory }) => Math.ceil(memory / 1024) * 1024,
    owns: ["memory#", "memory@unit"],
    write: (domain, value) => setText(set(at(domain, "memory"), "unit", "KiB"), Number(value) / 1024),
    read: (domain) => sizeOf(find(domain, "memory")),
    // A guest that runs keeps its maximum; the balloon takes the rest.
    readActive: (domain) => sizeOf(find(domain, "currentMemory")) ?? sizeOf(find(domain, "memory")),
  },
  {
    path: "current_memory",
    owns: ["currentMemory"],
    size: true,
    readActive: () => undefined,
    read: (domain) => {
      const current = sizeOf(find(domain, "currentMemory"));
      return current === sizeOf(find(domain, "memory")) ? undefined : current;
    },
  },
];

/** The balloon device of a guest. */
export const balloonFields: readonly GuestField[] = [
  {
    path: "balloon",
    fixed: true,
    want: () => balloonText("virtio", "10"),
    owns: ["devices/memballoon@model", "devices/memballoon/stats@period"],
    follows: ["devices/memballoon/address"],
    write: (domain) => set(at(set(at(domain, "devices", "memballoon"), "model", "virtio"), "stats"), "period", 10),
    read: (domain) => {
      const balloon = find(domain, "devices", "memballoon");
      return balloon === undefined ? undefined : balloonText(balloon.attributes["model"], find(balloon, "stats")?.attributes["period"]);
    },
  },
];

function balloonText(model: string | undefined, period: string | undefined): string {
  return period === undefined ? String(model) : `${model}, statistics every ${period} s`;
}

const units: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  k: 1024,
  KiB: 1024,
  M: 2 ** 20,
  MiB: 2 ** 20,
  G: 2 ** 30,
  GiB: 2 ** 30,
  T: 2 ** 40,
  TiB: 2 ** 40,
};

function sizeOf(memory: XmlElement | undefined): number | undefined {
  if (memory === undefined) return undefined;
  return Number(memory.text.trim()) * (units[memory.attributes["unit"] ?? "KiB"] ?? 1024);
}
