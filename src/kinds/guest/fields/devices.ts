import { find, findAll, textAt, type XmlElement } from "../../../tools/xml.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { add, at } from "../draft.ts";
import type { DeviceFields, GuestField } from "../field.ts";
import { isX86 } from "./is-x86.ts";
import { balloonFields } from "./memory.ts";
import { device } from "./read.ts";
import { set, setText } from "./write.ts";

/** Displays of a guest, by type. */
export const graphics: DeviceFields<{ readonly type: string; readonly listen: string }> = {
  section: "graphics",
  items: () => [{ type: "vnc", listen: "127.0.0.1" }],
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
  ],
};

const scsiModel = "virtio-scsi";
const agentChannel = "org.qemu.guest_agent.0";

/** Devices of a guest other than disks, interfaces and displays. */
export const deviceFields: readonly GuestField[] = [
  {
    path: "scsi_controller",
    fixed: true,
    // Without a model libvirt picks a controller that recent guests have no driver for.
    want: () => scsiModel,
    follows: ["devices/controller[@type=scsi][@index=0]/address"],
    write: (domain, value, { disks }) => {
      if (!disks.some(({ bus }) => bus === "scsi")) return;
      const devices = at(domain, "devices");
      const first = devices.children.find(
        ({ name, attributes }) => name === "controller" && attributes["type"] === "scsi" && attributes["index"] === "0",
      );
      set(first ?? add(devices, "controller", { type: "scsi", index: 0 }), "model", value);
    },
    // Whether one is needed follows from the disks.
    read: (domain) => {
      const needed = findAll(find(domain, "devices"), "disk").some((disk) => find(disk, "target")?.attributes["bus"] === "scsi");
      return needed ? (device(domain, "controller", { type: "scsi", index: "0" })?.attributes["model"] ?? "none") : scsiModel;
    },
  },
  {
    path: "video",
    want: () => "virtio",
    owns: ["devices/video[1]/model@type"],
    follows: [
      "devices/video[1]/address",
      ...["ram", "vram", "vram64", "vgamem", "heads", "primary", "blob"].map((name) => `devices/video[1]/model@${name}`),
    ],
    write: (domain, value) => set(at(domain, "devices", "video", "model"), "type", value),
    read: (domain) => find(domain, "devices", "video", "model")?.attributes["type"],
  },
  {
    path: "rng",
    want: () => "/dev/urandom",
    owns: ["devices/rng[1]@model", "devices/rng[1]/backend@model", "devices/rng[1]/backend#"],
    write: (domain, value) => {
      const backend = at(set(at(domain, "devices", "rng"), "model", "virtio"), "backend");
      setText(set(backend, "model", "random"), value);
    },
    read: (domain) => textAt(domain, "devices", "rng", "backend"),
  },
  {
    path: "console_log",
    want: ({ consoleLog }) => consoleLog,
    owns: ["devices/serial[1]/log@file", "devices/serial[1]/log@append"],
    write: (domain, value) => {
      const devices = at(domain, "devices");
      const serial = devices.children.find(({ name }) => name === "serial") ?? add(devices, "serial", { type: "pty" });
      // Nova XML-14: each start begins a new log.
      set(set(at(serial, "log"), "file", value), "append", "off");
      if (find(serial, "target") === undefined) add(serial, "target", { port: 0 });
      // libvirt shows the first serial port as a console too.
      if (find(devices, "console") === undefined) add(add(devices, "console", { type: "pty" }), "target", { type: "serial", port: 0 });
    },
    read: (domain) => find(domain, "devices", "serial", "log")?.attributes["file"],
  },
  {
    path: "guest_agent",
    want: () => true,
    element: `devices/channel[target@name=${agentChannel}]`,
    owns: ["@type", "/target@type", "/target@name"].map((rest) => `devices/channel[target@name=${agentChannel}]${rest}`),
    write: (domain) => add(add(at(domain, "devices"), "channel", { type: "unix" }), "target", { type: "virtio", name: agentChannel }),
    read: (domain) => channelNames(domain).includes(agentChannel) || undefined,
  },
  input("tablet", () => true),
  // A PC has a keyboard of its own.
  input("keyboard", ({ arch }) => !isX86(arch)),
  ...balloonFields,
];

/** A USB input device. libvirt adds others, on PS/2, by itself. */
function input(type: string, wanted: (spec: DomainSpec) => boolean): GuestField {
  return {
    path: type,
    fixed: true,
    want: (spec) => (wanted(spec) ? "usb" : null),
    element: `devices/input[@type=${type}][@bus=usb]`,
    owns: ["@type", "@bus"].map((attribute) => `devices/input[@type=${type}][@bus=usb]${attribute}`),
    write: (domain, value) => add(at(domain, "devices"), "input", { type, bus: String(value) }),
    read: (domain) => device(domain, "input", { type, bus: "usb" })?.attributes["bus"],
  };
}

function channelNames(domain: XmlElement): string[] {
  return findAll(find(domain, "devices"), "channel").flatMap((channel) => find(channel, "target")?.attributes["name"] ?? []);
}
