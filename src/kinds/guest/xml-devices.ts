import type { DiskAttachment } from "../../drivers/driver.ts";
import type { DomainDisk, DomainSpec, InterfaceSpec } from "../terms/spec.ts";
import { type Element, element } from "./xml-writer.ts";

/** What stands in `<devices>` (Nova XML-10 … XML-16). The emulator is left to libvirt. */
export function domainDevices(spec: DomainSpec): (Element | undefined)[] {
  const x86 = spec.arch === "x86_64" || spec.arch === "i686";
  return [
    ...spec.disks.map((disk) => diskElement(spec, disk)),
    // Without a model libvirt picks a controller of the nineties that recent guests have no driver for.
    spec.disks.some(({ bus }) => bus === "scsi") ? element("controller", { type: "scsi", index: 0, model: "virtio-scsi" }) : undefined,
    ...spec.interfaces.map(interfaceElement),
    // Nova XML-14: each start begins a new log.
    element("serial", { type: "pty" }, [element("log", { file: spec.consoleLog, append: "off" }), element("target", { port: 0 })]),
    element("console", { type: "pty" }, [element("target", { type: "serial", port: 0 })]),
    element("channel", { type: "unix" }, [element("target", { type: "virtio", name: "org.qemu.guest_agent.0" })]),
    element("input", { type: "tablet", bus: "usb" }),
    x86 ? undefined : element("input", { type: "keyboard", bus: "usb" }),
    element("graphics", { type: "vnc", autoport: "yes", listen: "127.0.0.1" }),
    element("video", {}, [element("model", { type: "virtio" })]),
    element("rng", { model: "virtio" }, [element("backend", { model: "random" }, "/dev/urandom")]),
    element("memballoon", { model: "virtio" }, [element("stats", { period: 10 })]),
  ];
}

function diskElement(spec: DomainSpec, disk: DomainDisk): Element {
  const { type, format } = disk.attachment;
  const cdrom = disk.device === "cdrom";
  const driver = {
    name: "qemu",
    type: format,
    cache: spec.cache,
    // Kernel AIO may block on a file with holes; on a whole device it is the fastest, and needs direct I/O.
    io: type === "block" && spec.cache === "none" ? "native" : undefined,
    discard: cdrom || disk.readOnly ? undefined : (spec.discard ?? "unmap"),
  };
  return element("disk", { type, device: disk.device }, [
    element("driver", driver),
    ...sourceElements(disk.attachment),
    element("target", { dev: disk.target, bus: disk.bus }),
    disk.readOnly || cdrom ? element("readonly") : undefined,
    element("serial", {}, disk.serial ?? diskSerial(spec.uuid, disk.name)),
    disk.bootOrder === null ? undefined : element("boot", { order: disk.bootOrder }),
    ...encryptionElements(disk.attachment),
  ]);
}

/** Nova QCOW-10: the passphrase itself is libvirt's to know. */
function encryptionElements(attachment: DiskAttachment): Element[] {
  if (attachment.type === "network" || attachment.secretUuid === undefined) return [];
  const secret = element("secret", { type: "passphrase", uuid: attachment.secretUuid });
  return [element("encryption", { format: "luks" }, [secret])];
}

function sourceElements(attachment: DiskAttachment): (Element | undefined)[] {
  if (attachment.type !== "network") {
    const { type, source } = attachment;
    return [element("source", type === "block" ? { dev: source } : { file: source })];
  }
  // Nova RBD-11: the monitors stand in the definition, so that qemu needs no file of Ceph's.
  const { protocol, source, hosts, auth } = attachment;
  return [
    auth === null ? undefined : element("auth", { username: auth.user }, [element("secret", { type: "ceph", uuid: auth.secretUuid })]),
    element(
      "source",
      { protocol, name: source },
      hosts.map(({ name, port }) => element("host", { name, port })),
    ),
  ];
}

/** Names the disk inside the guest (`/dev/disk/by-id/virtio-…`): the same for ever, and within the 20 characters that virtio has. */
export function diskSerial(uuid: string, name: string): string {
  const role = name === "disk" ? "root" : name.replace(/^disk\./, "");
  return `${uuid.replaceAll("-", "").slice(0, 11)}-${role}`.slice(0, 20);
}

function interfaceElement({ type, source, mac, model }: InterfaceSpec): Element {
  return element("interface", { type }, [
    element("mac", { address: mac }),
    type === "user" ? undefined : element("source", type === "network" ? { network: source } : { bridge: source }),
    element("model", { type: model }),
  ]);
}
