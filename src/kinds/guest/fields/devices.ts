import { find, findAll, textAt, type XmlElement } from "../../../tools/xml.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { add, at } from "../draft.ts";
import type { FieldTraits, GuestField } from "../field.ts";
import { videoFields } from "./display.ts";
import { isX86 } from "./is-x86.ts";
import { balloonFields } from "./memory.ts";
import { device } from "./read.ts";
import { set, setText } from "./write.ts";

const scsiModel = "virtio-scsi";
const agentChannel = "org.qemu.guest_agent.0";

/** Devices of a guest other than disks, interfaces and displays. */
export const deviceFields: readonly GuestField[] = [
  {
    path: "scsi_controller",
    usual: scsiModel,
    // Without a model libvirt picks a controller that recent guests have no driver for. Which one matters only to disks on it.
    want: ({ values, disks }) => (disks.some(({ bus }) => bus === "scsi") ? (values["scsi_model"] ?? scsiModel) : scsiModel),
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
  ...videoFields,
  {
    path: "rng",
    want: ({ values }) => (values["rng.enabled"] === false ? null : "/dev/urandom"),
    owns: ["devices/rng[1]@model", "devices/rng[1]/backend@model", "devices/rng[1]/backend#"],
    write: (domain, value) => {
      const backend = at(set(at(domain, "devices", "rng"), "model", "virtio"), "backend");
      setText(set(backend, "model", "random"), value);
    },
    read: (domain) => textAt(domain, "devices", "rng", "backend"),
  },
  {
    path: "rng_rate",
    onlyIfSet: true,
    want: ({ values }) => {
      const bytes = values["rng.rate_bytes"];
      return bytes === undefined || values["rng.enabled"] === false
        ? null
        : rateText(String(bytes), String(values["rng.rate_period"] ?? 1000));
    },
    owns: ["devices/rng[1]/rate"],
    write: (domain, _value, { values }) => {
      const rate = at(domain, "devices", "rng", "rate");
      set(set(rate, "bytes", values["rng.rate_bytes"] ?? 0), "period", values["rng.rate_period"] ?? 1000);
    },
    read: (domain) => {
      const { bytes, period } = find(domain, "devices", "rng", "rate")?.attributes ?? {};
      return bytes === undefined ? undefined : rateText(bytes, period ?? "1000");
    },
  },
  {
    path: "console_log",
    want: ({ consoleLog, values }) => (values["serial_ports"] === 0 ? null : consoleLog),
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
    path: "more_serial_ports",
    onlyIfSet: true,
    want: ({ values }) => {
      const more = Number(values["serial_ports"] ?? 1) - 1;
      return more > 0 ? more : null;
    },
    owns: [1, 2, 3].map((port) => `devices/serial[target@port=${port}]`),
    write: (domain, value) => {
      for (let port = 1; port <= Number(value); port += 1) add(add(at(domain, "devices"), "serial", { type: "pty" }), "target", { port });
    },
    read: (domain) => {
      const ports = findAll(find(domain, "devices"), "serial").map((serial) => find(serial, "target")?.attributes["port"] ?? "0");
      return ports.filter((port) => port !== "0").length || undefined;
    },
  },
  {
    path: "guest_agent",
    want: ({ values }) => values["guest_agent"] !== false || null,
    element: `devices/channel[target@name=${agentChannel}]`,
    owns: ["@type", "/target@type", "/target@name"].map((rest) => `devices/channel[target@name=${agentChannel}]${rest}`),
    write: (domain) => add(add(at(domain, "devices"), "channel", { type: "unix" }), "target", { type: "virtio", name: agentChannel }),
    read: (domain) => channelNames(domain).includes(agentChannel) || undefined,
  },
  ...input("tablet", { usual: "usb" }, ({ values }) => values["pointer"] !== "ps2mouse"),
  // A PC has a keyboard of its own.
  ...input("keyboard", { fixed: true }, ({ arch }) => !isX86(arch)),
  ...balloonFields,
  {
    path: "tpm.version",
    onlyIfSet: true,
    want: ({ values }) => values["tpm.version"] ?? null,
    owns: ["devices/tpm[1]/backend"],
    write: (domain, value) => set(set(at(domain, "devices", "tpm", "backend"), "type", "emulator"), "version", value),
    read: (domain) => {
      const { type, version } = find(domain, "devices", "tpm", "backend")?.attributes ?? {};
      return type === "emulator" ? (version ?? "default") : type;
    },
  },
  {
    path: "tpm.model",
    onlyIfSet: true,
    want: ({ values, arch }) => {
      const version = values["tpm.version"];
      return version === undefined ? null : (values["tpm.model"] ?? (version === "2.0" && isX86(arch) ? "tpm-crb" : "tpm-tis"));
    },
    owns: ["devices/tpm[1]@model"],
    follows: ["devices/tpm[1]/address", "devices/tpm[1]/alias"],
    write: (domain, value) => set(at(domain, "devices", "tpm"), "model", value),
    read: (domain) => find(domain, "devices", "tpm")?.attributes["model"],
  },
  {
    path: "watchdog",
    onlyIfSet: true,
    want: ({ values }) => (values["watchdog"] === "disabled" ? null : (values["watchdog"] ?? null)),
    element: "devices/watchdog[@model=i6300esb]",
    owns: ["@model", "@action"].map((attribute) => `devices/watchdog[@model=i6300esb]${attribute}`),
    write: (domain, value) => add(at(domain, "devices"), "watchdog", { model: "i6300esb", action: String(value) }),
    // The board of q35 has one (itco) that newer versions of libvirt list.
    read: (domain) => device(domain, "watchdog", { model: "i6300esb" })?.attributes["action"],
  },
  {
    path: "viommu",
    onlyIfSet: true,
    want: ({ values }) => values["viommu"] ?? null,
    owns: ["devices/iommu", "features/ioapic[@driver=qemu]"],
    write: (domain, value) => {
      const iommu = set(at(domain, "devices", "iommu"), "model", value);
      if (value !== "intel") return;
      set(at(iommu, "driver"), "intremap", "on");
      set(at(domain, "features", "ioapic"), "driver", "qemu");
    },
    read: (domain) => find(domain, "devices", "iommu")?.attributes["model"],
  },
  {
    path: "sound",
    onlyIfSet: true,
    want: ({ values }) => values["sound"] ?? null,
    owns: ["devices/sound[1]@model"],
    follows: ["devices/sound[1]"],
    write: (domain, value) => set(at(domain, "devices", "sound"), "model", value),
    read: (domain) => find(domain, "devices", "sound")?.attributes["model"],
  },
];

/** An input device on USB, or on virtio where that is set. libvirt adds others, on PS/2, by itself. */
function input(type: string, usb: Pick<FieldTraits, "usual" | "fixed">, wanted: (spec: DomainSpec) => boolean): GuestField[] {
  const row = (bus: string, traits: Pick<GuestField, "path" | keyof FieldTraits>): GuestField => ({
    ...traits,
    want: (spec) => (wanted(spec) && (spec.values["input_bus"] ?? "usb") === bus ? bus : null),
    element: `devices/input[@type=${type}][@bus=${bus}]`,
    owns: ["@type", "@bus"].map((attribute) => `devices/input[@type=${type}][@bus=${bus}]${attribute}`),
    write: (domain) => add(at(domain, "devices"), "input", { type, bus }),
    read: (domain) => device(domain, "input", { type, bus })?.attributes["bus"],
  });
  return [row("usb", { path: type, ...usb }), row("virtio", { path: `${type}_virtio`, onlyIfSet: true })];
}

function rateText(bytes: string, period: string): string {
  return `${bytes} bytes in ${period} ms`;
}

function channelNames(domain: XmlElement): string[] {
  return findAll(find(domain, "devices"), "channel").flatMap((channel) => find(channel, "target")?.attributes["name"] ?? []);
}
