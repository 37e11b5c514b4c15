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
  create: (domain, { type }) => add(at(domain, "devices"), "graphics", { type, autoport: "yes" }),
  find: (domain) => findAll(find(domain, "devices"), "graphics"),
  keyOf: ({ attributes }) => attributes["type"] ?? "?",
  fields: [
    {
      name: "listen",
      want: ({ listen }) => listen,
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
    write: (domain, value, { disks }) => {
      if (disks.some(({ bus }) => bus === "scsi"))
        add(at(domain, "devices"), "controller", { type: "scsi", index: 0, model: String(value) });
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
    write: (domain, value) => set(at(domain, "devices", "video", "model"), "type", value),
    read: (domain) => find(domain, "devices", "video", "model")?.attributes["type"],
  },
  {
    path: "rng",
    want: () => "/dev/urandom",
    write: (domain, value) => {
      const backend = at(set(at(domain, "devices", "rng"), "model", "virtio"), "backend");
      setText(set(backend, "model", "random"), value);
    },
    read: (domain) => textAt(domain, "devices", "rng", "backend"),
  },
  {
    path: "console_log",
    want: ({ consoleLog }) => consoleLog,
    write: (domain, value) => {
      const devices = at(domain, "devices");
      const serial = add(devices, "serial", { type: "pty" });
      // Nova XML-14: each start begins a new log.
      add(serial, "log", { file: String(value), append: "off" });
      add(serial, "target", { port: 0 });
      add(add(devices, "console", { type: "pty" }), "target", { type: "serial", port: 0 });
    },
    read: (domain) => find(domain, "devices", "serial", "log")?.attributes["file"],
  },
  {
    path: "guest_agent",
    want: () => true,
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
  input("tablet", () => true),
  // A PC has a keyboard of its own.
  input("keyboard", ({ arch }) => !isX86(arch)),
  ...balloonFields,
  // virtform gives no guest such a device, so a new definition takes it away.
  ...["hostdev", "filesystem", "shmem", "tpm", "sound", "smartcard", "vsock", "redirdev", "lease"].map(
    (name): GuestField => ({ path: `devices.${name}`, read: (domain) => findAll(find(domain, "devices"), name).length || undefined }),
  ),
];

/** A USB input device. libvirt adds others, on PS/2, by itself. */
function input(type: string, wanted: (spec: DomainSpec) => boolean): GuestField {
  return {
    path: type,
    fixed: true,
    want: (spec) => (wanted(spec) ? "usb" : null),
    write: (domain, value) => add(at(domain, "devices"), "input", { type, bus: String(value) }),
    read: (domain) => device(domain, "input", { type, bus: "usb" })?.attributes["bus"],
  };
}

function channelNames(domain: XmlElement): string[] {
  return findAll(find(domain, "devices"), "channel").flatMap((channel) => find(channel, "target")?.attributes["name"] ?? []);
}
