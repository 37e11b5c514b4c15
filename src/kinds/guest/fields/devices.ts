import { find, findAll, textAt, type XmlElement } from "../../../tools/xml.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { add, at, type Draft } from "../draft.ts";
import type { GuestField } from "../field.ts";
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
    fixed: true,
    // Without a model libvirt picks a controller that recent guests have no driver for.
    want: () => scsiModel,
    write: (domain, value, { disks }) => {
      if (disks.some(({ bus }) => bus === "scsi"))
        add(at(domain, "devices"), "controller", { type: "scsi", index: 0, model: String(value) });
    },
    // Whether one is needed follows from the disks.
    read: (domain) => {
      const needed = findAll(find(domain, "devices"), "disk").some((disk) => find(disk, "target")?.attributes["bus"] === "scsi");
      // Its model is a field of its own.
      return needed && device(domain, "controller", { type: "scsi", index: "0" })?.attributes["model"] === undefined ? "none" : scsiModel;
    },
  },
  {
    path: "scsi_model",
    want: ({ values, disks }) => {
      const model = values["scsi_model"];
      return model === undefined || model === scsiModel || !disks.some(({ bus }) => bus === "scsi") ? null : model;
    },
    write: (domain, value) => {
      const controller = devices(domain, "controller").find(({ attributes }) => attributes["type"] === "scsi");
      if (controller !== undefined) set(controller, "model", value);
    },
    read: (domain) => {
      const model = device(domain, "controller", { type: "scsi", index: "0" })?.attributes["model"];
      return model === scsiModel ? undefined : model;
    },
  },
  ...videoFields,
  {
    path: "rng",
    want: ({ values }) => (values["rng.enabled"] === false ? null : "/dev/urandom"),
    write: (domain, value) => {
      const backend = at(set(at(domain, "devices", "rng"), "model", "virtio"), "backend");
      setText(set(backend, "model", "random"), value);
    },
    read: (domain) => textAt(domain, "devices", "rng", "backend"),
  },
  {
    path: "rng_rate",
    want: ({ values }) => {
      const bytes = values["rng.rate_bytes"];
      return bytes === undefined || values["rng.enabled"] === false
        ? null
        : rateText(String(bytes), String(values["rng.rate_period"] ?? 1000));
    },
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
    write: (domain, value) => {
      const parent = at(domain, "devices");
      const serial = add(parent, "serial", { type: "pty" });
      // Nova XML-14: each start begins a new log.
      add(serial, "log", { file: String(value), append: "off" });
      add(serial, "target", { port: 0 });
      add(add(parent, "console", { type: "pty" }), "target", { type: "serial", port: 0 });
    },
    read: (domain) => find(domain, "devices", "serial", "log")?.attributes["file"],
  },
  {
    path: "more_serial_ports",
    want: ({ values }) => {
      const more = Number(values["serial_ports"] ?? 1) - 1;
      return more > 0 ? more : null;
    },
    write: (domain, value) => {
      for (let port = 1; port <= Number(value); port += 1) add(add(at(domain, "devices"), "serial", { type: "pty" }), "target", { port });
    },
    read: (domain) => {
      const ports = findAll(find(domain, "devices"), "serial").filter((serial) => find(serial, "log") === undefined);
      return ports.length || undefined;
    },
  },
  {
    path: "guest_agent",
    want: ({ values }) => values["guest_agent"] !== false || null,
    write: (domain) => add(add(at(domain, "devices"), "channel", { type: "unix" }), "target", { type: "virtio", name: agentChannel }),
    read: (domain) => channelNames(domain).includes(agentChannel) || undefined,
  },
  {
    path: "channels",
    read: (domain) => {
      const others = channelNames(domain).filter((name) => name !== agentChannel);
      return others.length === 0 ? undefined : others.join(", ");
    },
  },
  input("tablet", ({ values }) => values["pointer"] !== "ps2mouse"),
  // A PC has a keyboard of its own.
  input("keyboard", ({ arch }) => !isX86(arch)),
  ...balloonFields,
  {
    path: "tpm.version",
    want: ({ values }) => values["tpm.version"] ?? null,
    write: (domain, value) => set(set(at(domain, "devices", "tpm", "backend"), "type", "emulator"), "version", value),
    read: (domain) => {
      const { type, version } = find(domain, "devices", "tpm", "backend")?.attributes ?? {};
      return type === "emulator" ? (version ?? "default") : type;
    },
  },
  {
    path: "tpm.model",
    want: ({ values, arch }) => {
      const version = values["tpm.version"];
      return version === undefined ? null : (values["tpm.model"] ?? (version === "2.0" && isX86(arch) ? "tpm-crb" : "tpm-tis"));
    },
    write: (domain, value) => set(at(domain, "devices", "tpm"), "model", value),
    read: (domain) => find(domain, "devices", "tpm")?.attributes["model"],
  },
  {
    path: "watchdog",
    want: ({ values }) => (values["watchdog"] === "disabled" ? null : (values["watchdog"] ?? null)),
    write: (domain, value) => add(at(domain, "devices"), "watchdog", { model: "i6300esb", action: String(value) }),
    // The board of q35 has one (itco) that newer versions of libvirt list.
    read: (domain) => device(domain, "watchdog", { model: "i6300esb" })?.attributes["action"],
  },
  {
    path: "viommu",
    want: ({ values }) => values["viommu"] ?? null,
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
    want: ({ values }) => values["sound"] ?? null,
    write: (domain, value) => add(at(domain, "devices"), "sound", { model: String(value) }),
    read: (domain) => find(domain, "devices", "sound")?.attributes["model"],
  },
  // virtform gives no guest such a device, so a new definition takes it away.
  ...["filesystem", "shmem", "smartcard", "vsock", "redirdev", "lease"].map(
    (name): GuestField => ({ path: `devices.${name}`, read: (domain) => findAll(find(domain, "devices"), name).length || undefined }),
  ),
];

/** An input device on USB or virtio. libvirt adds others, on PS/2, by itself. */
function input(type: string, wanted: (spec: DomainSpec) => boolean): GuestField {
  return {
    path: type,
    usual: "usb",
    want: (spec) => (wanted(spec) ? (spec.values["input_bus"] ?? "usb") : null),
    write: (domain, value) => add(at(domain, "devices"), "input", { type, bus: String(value) }),
    read: (domain) =>
      (device(domain, "input", { type, bus: "usb" }) ?? device(domain, "input", { type, bus: "virtio" }))?.attributes["bus"],
  };
}

/** The drafts of all devices of a name. */
function devices(domain: Draft, name: string): Draft[] {
  return at(domain, "devices").children.filter((child) => child.name === name);
}

function rateText(bytes: string, period: string): string {
  return `${bytes} bytes in ${period} ms`;
}

function channelNames(domain: XmlElement): string[] {
  return findAll(find(domain, "devices"), "channel").flatMap((channel) => find(channel, "target")?.attributes["name"] ?? []);
}
