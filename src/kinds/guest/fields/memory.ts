import { parseQuantity } from "../../../model/quantity.ts";
import { find, type XmlElement } from "../../../tools/xml.ts";
import { hugePagesOf } from "../../config/hardware/values.ts";
import { add, at } from "../draft.ts";
import type { GuestField } from "../field.ts";
import { liveMemory } from "../live/memory.ts";
import { set, setText } from "./write.ts";

/** Memory of a guest. */
export const memoryFields: readonly GuestField[] = [
  {
    path: "memory",
    ofAdopted: true,
    headline: 4,
    running: liveMemory,
    size: true,
    // libvirt counts in KiB.
    want: ({ memory }) => Math.ceil(memory / 1024) * 1024,
    owns: ["memory#", "memory@unit"],
    write: (domain, value) => setText(set(at(domain, "memory"), "unit", "KiB"), Number(value) / 1024),
    read: (domain) => sizeOf(find(domain, "currentMemory")) ?? sizeOf(find(domain, "memory")),
  },
  {
    path: "max_memory",
    ofAdopted: true,
    size: true,
    want: ({ values, memory }) => {
      const most = Number(values["max_ram"] ?? 0);
      return most > memory ? most : null;
    },
    owns: ["currentMemory"],
    write: (domain, value, { memory }) => {
      setText(set(at(domain, "currentMemory"), "unit", "KiB"), Math.ceil(memory / 1024));
      setText(set(at(domain, "memory"), "unit", "KiB"), Number(value) / 1024);
    },
    read: (domain) => {
      const most = sizeOf(find(domain, "memory"));
      return most === (sizeOf(find(domain, "currentMemory")) ?? most) ? undefined : most;
    },
  },
  {
    path: "huge_pages",
    onlyIfSet: true,
    want: ({ values }) => {
      const pages = values["huge_pages"];
      return pages === undefined ? null : pages === "default" ? pages : hugePagesOf(pageKibibytes(String(pages)));
    },
    owns: ["memoryBacking/hugepages"],
    write: (domain, value) => {
      const pages = at(domain, "memoryBacking", "hugepages");
      if (value !== "default") add(pages, "page", { size: pageKibibytes(String(value)), unit: "KiB" });
    },
    read: (domain) => {
      const pages = find(domain, "memoryBacking", "hugepages");
      if (pages === undefined) return undefined;
      const size = sizeOf(find(pages, "page"), "size");
      return size === undefined ? "default" : hugePagesOf(size / 1024);
    },
  },
  {
    path: "locked_memory",
    onlyIfSet: true,
    want: ({ values }) => values["locked_memory"] === true || null,
    owns: ["memoryBacking/locked"],
    write: (domain) => at(domain, "memoryBacking", "locked"),
    read: (domain) => (find(domain, "memoryBacking", "locked") === undefined ? undefined : true),
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

/** `2MiB` in KiB. */
function pageKibibytes(pages: string): number {
  return (parseQuantity(pages) ?? 0) / 1024;
}

/** A size in bytes: the text of an element, or an attribute of it. */
function sizeOf(memory: XmlElement | undefined, attribute?: string): number | undefined {
  const number = attribute === undefined ? memory?.text.trim() : memory?.attributes[attribute];
  if (memory === undefined || number === undefined) return undefined;
  return Number(number) * (units[memory.attributes["unit"] ?? "KiB"] ?? 1024);
}
