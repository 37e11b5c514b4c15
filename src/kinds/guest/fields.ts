import { diskSource } from "../../tools/libvirt/disk-source.ts";
import { find, findAll, textAt, type XmlElement } from "../../tools/xml.ts";
import type { DomainFields } from "../terms/domain-state.ts";
import { labelNamespace } from "./xml-metadata.ts";

/** Devices that only a human adds: redefining the domain takes them away, so they are counted and shown. */
const unmanagedDevices = ["hostdev", "filesystem", "shmem", "tpm", "sound", "smartcard", "vsock", "redirdev", "lease"];

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

/** Reads the fields that we own; order of elements and what libvirt fills in by itself (addresses, aliases, controllers) do not matter. */
export function readFields(root: XmlElement): DomainFields {
  const fields: Record<string, string | number | boolean> = {};
  const set = (path: string, value: string | number | boolean | undefined) => {
    if (value !== undefined) fields[path] = value;
  };
  const type = find(root, "os", "type");
  set("name", textAt(root, "name"));
  set("virt_type", root.attributes["type"]);
  set("arch", type?.attributes["arch"]);
  set("machine", normalMachine(type?.attributes["machine"]));
  const [memory, ballooned] = [sizeOf(find(root, "memory")), sizeOf(find(root, "currentMemory"))];
  set("memory", memory);
  if (ballooned !== memory) set("current_memory", ballooned);
  const online = find(root, "vcpu")?.attributes["current"];
  set("vcpus", Number(textAt(root, "vcpu") ?? 1));
  if (online !== undefined) set("current_vcpus", Number(online));
  set("cpu", find(root, "cpu")?.attributes["mode"]);
  set("kernel", textAt(root, "os", "kernel"));
  set("initrd", textAt(root, "os", "initrd"));
  set("cmdline", textAt(root, "os", "cmdline"));
  set("firmware", find(root, "os")?.attributes["firmware"] ?? textAt(root, "os", "loader"));
  set("clock", find(root, "clock")?.attributes["offset"]);
  readMetadata(root, set);
  const devices = find(root, "devices");
  for (const disk of findAll(devices, "disk")) readDisk(disk, set);
  for (const one of findAll(devices, "interface")) readInterface(one, set);
  for (const graphics of findAll(devices, "graphics")) {
    const listen = graphics.attributes["listen"] ?? find(graphics, "listen")?.attributes["address"] ?? "";
    set(`graphics.${graphics.attributes["type"]}.listen`, listen);
  }
  set("video", find(devices, "video", "model")?.attributes["type"]);
  set("rng", textAt(devices, "rng", "backend"));
  set("console_log", find(devices, "serial", "log")?.attributes["file"]);
  if (findAll(devices, "channel").some((channel) => find(channel, "target")?.attributes["name"] === "org.qemu.guest_agent.0"))
    set("guest_agent", true);
  for (const name of unmanagedDevices) {
    const count = findAll(devices, name).length;
    if (count > 0) set(`devices.${name}`, count);
  }
  return fields;
}

type Setter = (path: string, value: string | number | boolean | undefined) => void;

function readMetadata(root: XmlElement, set: Setter): void {
  for (const child of find(root, "metadata")?.children ?? []) {
    if (child.name === "nova:instance") {
      set("flavor", find(child, "nova:flavor")?.attributes["name"]);
      set("image", find(child, "nova:root")?.attributes["name"]);
    }
    if (child.attributes["xmlns:virtform"] === labelNamespace) {
      set("power_state", textAt(child, "virtform:power_state"));
      set("prevent_destroy", textAt(child, "virtform:prevent_destroy") !== "false");
      set("rescue", textAt(child, "virtform:rescue"));
    }
  }
}

function readDisk(disk: XmlElement, set: Setter): void {
  const target = find(disk, "target")?.attributes;
  const driver = find(disk, "driver")?.attributes;
  const path = `disks.${target?.["dev"] ?? "?"}`;
  const device = disk.attributes["device"] ?? "disk";
  set(`${path}.device`, device);
  set(`${path}.bus`, target?.["bus"]);
  const source = find(disk, "source");
  set(`${path}.source`, diskSource(source));
  const hosts = findAll(source, "host").map(({ attributes }) => [attributes["name"], attributes["port"]].join(":"));
  if (hosts.length > 0) set(`${path}.hosts`, hosts.join(" "));
  // libvirt keeps it beside the source or in it, depending on who wrote it.
  const auth = find(disk, "auth") ?? find(source, "auth");
  const encryption = find(disk, "encryption") ?? find(source, "encryption");
  set(`${path}.user`, auth?.attributes["username"]);
  set(`${path}.secret`, find(auth ?? encryption, "secret")?.attributes["uuid"]);
  set(`${path}.encryption`, encryption?.attributes["format"]);
  set(`${path}.format`, driver?.["type"]);
  set(`${path}.cache`, driver?.["cache"]);
  set(`${path}.io`, driver?.["io"]);
  set(`${path}.discard`, driver?.["discard"]);
  set(`${path}.serial`, textAt(disk, "serial"));
  if (find(disk, "readonly") !== undefined) set(`${path}.read_only`, true);
  const order = find(disk, "boot")?.attributes["order"];
  if (order !== undefined) set(`${path}.boot_order`, Number(order));
}

function readInterface(one: XmlElement, set: Setter): void {
  const path = `interfaces.${(find(one, "mac")?.attributes["address"] ?? "?").toLowerCase()}`;
  const { network, bridge, dev } = find(one, "source")?.attributes ?? {};
  set(`${path}.type`, one.attributes["type"]);
  set(`${path}.source`, network ?? bridge ?? dev);
  set(`${path}.model`, find(one, "model")?.attributes["type"]);
}

/** libvirt writes the versioned machine that an alias stood for; a plan must not see that as a change. */
export function normalMachine(machine: string | undefined): string | undefined {
  if (machine === undefined) return undefined;
  if (/^pc-q35-/.test(machine)) return "q35";
  if (/^pc-i440fx-/.test(machine)) return "pc";
  return /^virt-\d/.test(machine) ? "virt" : machine;
}

function sizeOf(memory: XmlElement | undefined): number | undefined {
  if (memory === undefined) return undefined;
  return Number(memory.text.trim()) * (units[memory.attributes["unit"] ?? "KiB"] ?? 1024);
}
