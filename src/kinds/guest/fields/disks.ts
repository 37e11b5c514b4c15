import { sourceText } from "../../../drivers/shared/disk-source.ts";
import { instanceFiles } from "../../../model/layout.ts";
import { diskSource } from "../../../tools/libvirt/disk-source.ts";
import { find, findAll, textAt, type XmlElement } from "../../../tools/xml.ts";
import type { FieldValue } from "../../terms/domain-state.ts";
import type { DomainDisk, DomainSpec } from "../../terms/spec.ts";
import { diskSerial } from "../disk-serial.ts";
import { add, at } from "../draft.ts";
import type { DeviceField, DeviceFields } from "../field.ts";
import { hotDisks } from "../live/disks.ts";
import { liveDiskLimit } from "../live/limits.ts";
import { numberOf } from "./read.ts";
import { set, setText } from "./write.ts";

/** Disks and CDs of a guest, by target name. */
export const disks: DeviceFields<DomainDisk> = {
  section: "disks",
  ofAdopted: true,
  items: (spec) => spec.disks,
  key: ({ target }) => target,
  at: "devices/disk",
  owns: ["@type", "driver@name", "target@dev"],
  shape: (disk, { target, attachment, given }, fresh) => {
    if (fresh || given === null || !hasSource(disk, attachment)) set(disk, "type", attachment.type);
    if (fresh) set(at(disk, "driver"), "name", "qemu");
    set(at(disk, "target"), "dev", target);
  },
  given: ({ given }) => given,
  keyOf: (disk) => find(disk, "target")?.attributes["dev"] ?? "?",
  hotplug: hotDisks,
  isSame: (disk, { name, serial }, { uuid }) => textAt(disk, "serial") === (serial ?? diskSerial(uuid, name)),
  describe: ({ bus, device: kind, format, encryption, read_only: readOnly }) => {
    const marks = [format, encryption === undefined ? undefined : "encrypted", readOnly === true ? "read-only" : undefined];
    return [[bus, kind].filter(Boolean).join(" "), ...marks.filter((mark) => mark !== undefined)].join(", ");
  },
  fields: [
    {
      name: "device",
      want: ({ device: kind }) => kind,
      owns: ["@device"],
      follows: ["address", "target@tray"],
      write: (disk, value) => set(disk, "device", value),
      read: ({ attributes }) => attributes["device"] ?? "disk",
    },
    {
      name: "bus",
      want: ({ bus }) => bus,
      owns: ["target@bus"],
      follows: ["address"],
      write: (disk, value) => set(at(disk, "target"), "bus", value),
      read: (disk) => find(disk, "target")?.attributes["bus"],
    },
    {
      name: "source",
      want: ({ attachment }) => sourceText(attachment),
      owns: ["file", "dev", "dir", "protocol", "name", "pool", "volume", "mode"].map((name) => `source@${name}`),
      // They describe the source that the disk had.
      follows: ["backingStore", "source/slices"],
      write: (disk, _value, { attachment }) => {
        const source = at(disk, "source");
        if (attachment.type === "network") set(set(source, "protocol", attachment.protocol), "name", attachment.source);
        else set(source, attachment.type === "block" ? "dev" : "file", attachment.source);
      },
      read: (disk) => diskSource(find(disk, "source")),
    },
    {
      name: "hosts",
      // Nova RBD-11: with the monitors in the definition, qemu needs no file of Ceph's.
      want: ({ attachment }) => (attachment.type === "network" ? hostsText(attachment.hosts) : null),
      owns: ["source/host"],
      write: (disk, _value, { attachment }) => {
        if (attachment.type !== "network") return;
        for (const { name, port } of attachment.hosts) add(at(disk, "source"), "host", { name, port });
      },
      read: (disk) => hostsText(findAll(find(disk, "source"), "host").map(({ attributes }) => attributes)) ?? undefined,
    },
    {
      name: "user",
      want: ({ attachment }) => (attachment.type === "network" ? (attachment.auth?.user ?? null) : null),
      owns: ["auth@username", "source/auth@username"],
      write: (disk, value) => set(at(disk, "auth"), "username", value),
      read: (disk) => besideSource(disk, "auth")?.attributes["username"],
    },
    {
      name: "secret",
      want: ({ attachment }) => (attachment.type === "network" ? (attachment.auth?.secretUuid ?? null) : null),
      owns: ["auth/secret", "source/auth/secret"],
      write: (disk, value) => add(at(disk, "auth"), "secret", { type: "ceph", uuid: String(value) }),
      read: (disk) => find(besideSource(disk, "auth"), "secret")?.attributes["uuid"],
    },
    {
      name: "encryption",
      // Nova QCOW-10: libvirt alone knows the passphrase.
      want: ({ attachment }) => (attachment.secretUuid === null ? null : "luks"),
      owns: ["encryption@format", "encryption@engine", "source/encryption@format", "source/encryption@engine"],
      write: (disk, value) => set(at(disk, "encryption"), "format", value),
      read: (disk) => besideSource(disk, "encryption")?.attributes["format"],
    },
    {
      name: "encryption_secret",
      want: ({ attachment }) => attachment.secretUuid,
      owns: ["encryption/secret", "source/encryption/secret"],
      write: (disk, value) => add(at(disk, "encryption"), "secret", { type: "passphrase", uuid: String(value) }),
      read: (disk) => find(besideSource(disk, "encryption"), "secret")?.attributes["uuid"],
    },
    driver("type", "format", ({ attachment }) => attachment.format),
    driver("cache", "cache", (_disk, { cache }) => cache),
    // Kernel AIO may block on a file with holes; on a block device it is the fastest, and needs direct I/O.
    driver("io", "io", ({ attachment }, { cache }) => (attachment.type === "block" && cache === "none" ? "native" : null)),
    driver("discard", "discard", ({ device: kind, readOnly }, { discard }) => (kind === "cdrom" || readOnly ? null : discard)),
    {
      ...driver("packed", "packed", ({ bus }, { values }) => (bus === "virtio" && values["packed_ring"] === true ? "on" : null)),
      onlyIfSet: true,
    },
    // Nova XML-12: quotas of a flavor are for the disks that come with it.
    ...["read", "write", "total"].flatMap((direction) =>
      ["bytes", "iops"].map((metric): DeviceField<DomainDisk> => {
        const name = `${direction}_${metric}_sec`;
        return {
          name,
          onlyIfSet: true,
          running: liveDiskLimit,
          owns: [`iotune/${name}`],
          want: (disk, { values }) => (isOwnDisk(disk) ? (values[`quota.disk_${name}`] ?? null) : null),
          write: (disk, value) => setText(at(disk, "iotune", name), value),
          read: (disk) => numberOf(textAt(disk, "iotune", name)),
        };
      }),
    ),
    {
      name: "serial",
      want: ({ name, serial }, { uuid }) => serial ?? diskSerial(uuid, name),
      owns: ["serial"],
      write: (disk, value) => setText(at(disk, "serial"), value),
      read: (disk) => textAt(disk, "serial"),
    },
    {
      name: "read_only",
      want: ({ device: kind, readOnly }) => (readOnly || kind === "cdrom" ? true : null),
      owns: ["readonly"],
      write: (disk) => at(disk, "readonly"),
      read: (disk) => (find(disk, "readonly") === undefined ? undefined : true),
    },
    {
      name: "boot_order",
      notable: true,
      want: ({ bootOrder }) => bootOrder,
      owns: ["boot@order"],
      write: (disk, value) => set(at(disk, "boot"), "order", value),
      read: (disk) => numberOf(find(disk, "boot")?.attributes["order"]),
    },
  ],
};

/** Whether a disk has a source already, of whatever type its definition calls it. An empty drive keeps its type too. */
function hasSource(disk: XmlElement, attachment: DomainDisk["attachment"]): boolean {
  return attachment.source === "" || diskSource(find(disk, "source")) === sourceText(attachment);
}

/** An attribute of a disk's `<driver>`. */
function driver(attribute: string, name: string, want: (disk: DomainDisk, spec: DomainSpec) => FieldValue | null): DeviceField<DomainDisk> {
  return {
    name,
    want,
    owns: [`driver@${attribute}`],
    write: (disk, value) => set(at(disk, "driver"), attribute, value),
    read: (disk) => find(disk, "driver")?.attributes[attribute],
  };
}

/** libvirt keeps authentication and encryption beside the source or in it, depending on who wrote them. */
function besideSource(disk: XmlElement, name: string): XmlElement | undefined {
  return find(disk, name) ?? find(disk, "source", name);
}

function hostsText(hosts: readonly { readonly name?: string; readonly port?: string }[]): string | null {
  return hosts.length === 0 ? null : hosts.map(({ name, port }) => [name, port].join(":")).join(" ");
}

/** Whether a disk comes with its guest, unlike a volume or a drive. */
function isOwnDisk({ name, device }: DomainDisk): boolean {
  return device === "disk" && !name.startsWith("volume/") && name !== instanceFiles.configDrive;
}
