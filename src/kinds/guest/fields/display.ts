import { find } from "../../../tools/xml.ts";
import { at } from "../draft.ts";
import type { DeviceFields, GuestField } from "../field.ts";
import { numberOf } from "./read.ts";
import { set } from "./write.ts";

interface Display {
  readonly type: string;
  readonly listen: string;
  readonly keymap: string | null;
}

/** Displays of a guest, by type (Nova XML-15). */
export const graphics: DeviceFields<Display> = {
  section: "graphics",
  items: ({ values }) => {
    const type = String(values["graphics.type"] ?? "vnc");
    const keymap = values["graphics.keymap"];
    const listen = String(values["graphics.listen"] ?? "127.0.0.1");
    return type === "none" ? [] : [{ type, listen, keymap: keymap === undefined ? null : String(keymap) }];
  },
  key: ({ type }) => type,
  at: "devices/graphics",
  owns: ["@type"],
  shape: (element, { type }, fresh) => {
    set(element, "type", type);
    if (fresh) set(element, "autoport", "yes");
  },
  keyOf: ({ attributes }) => attributes["type"] ?? "?",
  fields: [
    {
      name: "listen",
      want: ({ listen }) => listen,
      owns: ["@listen", "listen"],
      write: (element, value) => set(element, "listen", value),
      read: (element) => element.attributes["listen"] ?? find(element, "listen")?.attributes["address"] ?? "",
    },
    {
      name: "keymap",
      onlyIfSet: true,
      want: ({ keymap }) => keymap,
      owns: ["@keymap"],
      write: (element, value) => set(element, "keymap", value),
      read: ({ attributes }) => attributes["keymap"],
    },
  ],
};

/** What libvirt gives a card without a size, in KiB. */
const usualMemory: Readonly<Record<string, number>> = { vga: 16_384, cirrus: 16_384, vmvga: 16_384, bochs: 16_384, qxl: 65_536 };

/** The video card of a guest. */
export const videoFields: readonly GuestField[] = [
  {
    path: "video",
    want: ({ values }) => values["video.model"] ?? "virtio",
    owns: ["devices/video[1]/model@type"],
    follows: [
      "devices/video[1]/address",
      ...["ram", "vram", "vram64", "vgamem", "heads", "primary", "blob"].map((name) => `devices/video[1]/model@${name}`),
    ],
    write: (domain, value) => set(at(domain, "devices", "video", "model"), "type", value),
    read: (domain) => find(domain, "devices", "video", "model")?.attributes["type"],
  },
  {
    path: "video_memory",
    onlyIfSet: true,
    size: true,
    want: ({ values }) => {
      const bytes = Number(values["video.memory"] ?? 0);
      return bytes === 0 || bytes === usualBytes(String(values["video.model"])) ? null : bytes;
    },
    owns: ["devices/video[1]/model@vram"],
    write: (domain, value) => set(at(domain, "devices", "video", "model"), "vram", Number(value) / 1024),
    read: (domain) => {
      const { vram, type = "" } = find(domain, "devices", "video", "model")?.attributes ?? {};
      const bytes = (numberOf(vram) ?? 0) * 1024;
      return bytes === 0 || bytes === usualBytes(type) ? undefined : bytes;
    },
  },
];

function usualBytes(model: string): number {
  return (usualMemory[model] ?? 0) * 1024;
}
