import { child, childrenOf, copyXml, type Xml, xml } from "./xml.ts";

const machines: Readonly<Record<string, string>> = { q35: "pc-q35-7.2", pc: "pc-i440fx-7.2", virt: "virt-7.2" };
const units: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  KB: 1e3,
  K: 1024,
  k: 1024,
  KiB: 1024,
  MB: 1e6,
  M: 2 ** 20,
  MiB: 2 ** 20,
  GB: 1e9,
  G: 2 ** 30,
  GiB: 2 ** 30,
};

/** The order in which libvirt prints what stands in a domain. */
const order = [
  "name",
  "uuid",
  "title",
  "description",
  "metadata",
  "memory",
  "currentMemory",
  "vcpu",
  "resource",
  "sysinfo",
  "os",
  "features",
  "cpu",
  "clock",
  "on_poweroff",
  "on_reboot",
  "on_crash",
  "devices",
  "seclabel",
];
const deviceOrder = [
  "emulator",
  "disk",
  "controller",
  "interface",
  "serial",
  "console",
  "channel",
  "input",
  "graphics",
  "audio",
  "video",
  "memballoon",
  "rng",
];

/** The same for what is in a disk, and in any other device. */
const diskOrder = [
  "driver",
  "auth",
  "source",
  "backingStore",
  "target",
  "iotune",
  "readonly",
  "shareable",
  "serial",
  "encryption",
  "boot",
  "alias",
  "address",
];
const partOrder = [
  "mac",
  "source",
  "log",
  "bandwidth",
  "target",
  "model",
  "driver",
  "backend",
  "filterref",
  "stats",
  "boot",
  "alias",
  "address",
];

/**
 * A domain as libvirt 9.0 stores it: what was given, expanded and put into libvirt's order, with all that libvirt adds of its
 * own accord: canonical machine, sizes in KiB, the emulator, controllers, addresses, input devices.
 */
export function storedDomain(given: Xml): Xml {
  const root = copyXml(given);
  const memory = kib(child(root, "memory")) ?? 1024 * 1024;
  set(root, xml("memory", { unit: "KiB" }, String(memory)));
  set(root, xml("currentMemory", { unit: "KiB" }, String(kib(child(root, "currentMemory")) ?? memory)));
  const vcpu = child(root, "vcpu");
  set(root, xml("vcpu", { placement: "static", ...vcpu?.attributes }, (vcpu?.text ?? "1").trim()));
  const type = child(root, "os", "type");
  if (type !== undefined) {
    const machine = type.attributes["machine"] ?? "pc";
    type.attributes = { arch: type.attributes["arch"] ?? "x86_64", machine: machines[machine] ?? machine };
  }
  expandCpu(root);
  if (child(root, "clock") === undefined) root.children.push(xml("clock", { offset: "utc" }));
  for (const [name, value] of [
    ["on_poweroff", "destroy"],
    ["on_reboot", "restart"],
    ["on_crash", "destroy"],
  ] as const) {
    if (child(root, name) === undefined) root.children.push(xml(name, {}, value));
  }
  const devices = child(root, "devices") ?? xml("devices");
  set(root, devices);
  expandDevices(devices, type?.attributes["machine"] ?? "");
  return { ...root, children: sorted(root.children, order) };
}

/** A running domain's XML: as stored when it was started, with a number, aliases and what qemu was given. */
export function liveDomain(stored: Xml, id: number): Xml {
  const root = copyXml(stored);
  root.attributes["id"] = String(id);
  let cards = 0;
  for (const device of child(root, "devices")?.children ?? []) {
    if (device.name === "emulator" || device.name === "audio") continue;
    const target = child(device, "target")?.attributes["dev"] ?? device.attributes["index"] ?? "0";
    device.children.push(xml("alias", { name: `${device.name}-${target}` }));
    if (device.name === "graphics") device.attributes["port"] = String(5900 + id);
    if (device.name === "interface") {
      if (child(device, "target") === undefined) set(device, xml("target", { dev: tapName(id, cards) }));
      cards += 1;
    }
    if (device.name === "serial" || device.name === "console") device.children.unshift(xml("source", { path: `/dev/pts/${id}` }));
  }
  root.children.push(xml("seclabel", { type: "dynamic", model: "dac", relabel: "yes" }, [xml("label", {}, "+64055:+64055")]));
  return root;
}

/** The device on the host of an interface of a running guest, by the number of the guest and of the interface. */
export function tapName(id: number, card: number): string {
  return card === 0 ? `vnet${id}` : `vnet${id}.${card}`;
}

/** The devices on the host of a running guest that are in networks of libvirt's, each with its network. */
export function tapsOf(live: Xml | undefined): ReadonlyMap<string, string> {
  return new Map(
    childrenOf(child(live, "devices"), "interface").flatMap((card) => {
      const [tap, network] = [child(card, "target")?.attributes["dev"], child(card, "source")?.attributes["network"]];
      return tap === undefined || network === undefined ? [] : [[tap, network] as const];
    }),
  );
}

/** Replaces the child of this name, or adds one. */
function set(parent: Xml, one: Xml): void {
  const at = parent.children.findIndex(({ name }) => name === one.name);
  if (at < 0) parent.children.push(one);
  else parent.children[at] = one;
}

function kib(size: Xml | undefined): number | undefined {
  if (size === undefined) return undefined;
  const unit = units[size.attributes["unit"] ?? "KiB"] ?? 1024;
  return Math.ceil((Number(size.text.trim()) * unit) / 1024);
}

function expandCpu(root: Xml): void {
  const cpu = child(root, "cpu");
  if (cpu === undefined) {
    root.children.push(xml("cpu", { mode: "custom", match: "exact", check: "none" }, [xml("model", { fallback: "forbid" }, "qemu64")]));
    return;
  }
  const mode = cpu.attributes["mode"] ?? "custom";
  cpu.attributes = {
    ...cpu.attributes,
    check: mode === "host-model" ? "partial" : "none",
    ...(mode === "maximum" || mode === "host-passthrough" ? { migratable: "on" } : {}),
  };
  const topology = child(cpu, "topology");
  if (topology !== undefined)
    topology.attributes = {
      sockets: topology.attributes["sockets"] ?? "1",
      dies: "1",
      cores: topology.attributes["cores"] ?? "1",
      threads: topology.attributes["threads"] ?? "1",
    };
}

function expandDevices(devices: Xml, machine: string): void {
  const add = (device: Xml) => devices.children.push(device);
  const has = (name: string, attribute: string, value: string) =>
    childrenOf(devices, name).some(({ attributes }) => attributes[attribute] === value);
  if (child(devices, "emulator") === undefined) add(xml("emulator", {}, "/usr/bin/qemu-system-x86_64"));
  for (const serial of childrenOf(devices, "serial")) {
    const port = child(serial, "target")?.attributes["port"] ?? "0";
    set(serial, xml("target", { type: "isa-serial", port }, [xml("model", { name: "isa-serial" })]));
    // libvirt shows the first serial port as a console too, with the same log.
    devices.children = devices.children.filter(({ name }) => name !== "console");
    add(xml("console", { ...serial.attributes }, [...childrenOf(serial, "log").map(copyXml), xml("target", { type: "serial", port })]));
  }
  const buses = new Set(childrenOf(devices, "disk").map((disk) => child(disk, "target")?.attributes["bus"]));
  for (const bus of ["sata", "scsi", "ide"])
    if (buses.has(bus) && !has("controller", "type", bus))
      add(xml("controller", { type: bus, index: "0", ...(bus === "scsi" ? { model: "lsilogic" } : {}) }));
  if (!has("controller", "type", "usb")) add(xml("controller", { type: "usb", index: "0", model: "qemu-xhci" }));
  if (childrenOf(devices, "channel").length > 0 && !has("controller", "type", "virtio-serial"))
    add(xml("controller", { type: "virtio-serial", index: "0" }));
  const q35 = machine.startsWith("pc-q35");
  const bridges = new Set(
    childrenOf(devices, "controller").flatMap(({ attributes }) => (attributes["type"] === "pci" ? [attributes["index"]] : [])),
  );
  if (!bridges.has("0")) add(xml("controller", { type: "pci", index: "0", model: q35 ? "pcie-root" : "pci-root" }));
  for (let index = 1; q35 && index <= 6; index += 1)
    if (!bridges.has(String(index)))
      add(
        xml("controller", { type: "pci", index: String(index), model: "pcie-root-port" }, [
          xml("model", { name: "pcie-root-port" }),
          xml("target", { chassis: String(index), port: `0x${(7 + index).toString(16)}` }),
        ]),
      );
  for (const graphics of childrenOf(devices, "graphics")) {
    graphics.attributes = {
      type: graphics.attributes["type"] ?? "vnc",
      port: "-1",
      autoport: "yes",
      listen: graphics.attributes["listen"] ?? "127.0.0.1",
    };
    set(graphics, xml("listen", { type: "address", address: graphics.attributes["listen"] ?? "" }));
  }
  for (const model of childrenOf(devices, "video").map((video) => child(video, "model")))
    if (model !== undefined) model.attributes = { ...model.attributes, heads: "1", primary: "yes" };
  for (const type of ["mouse", "keyboard"]) if (!has("input", "type", type)) add(xml("input", { type, bus: "ps2" }));
  if (child(devices, "audio") === undefined) add(xml("audio", { id: "1", type: "none" }));
  if (child(devices, "memballoon") === undefined) add(xml("memballoon", { model: "virtio" }));
  giveAddresses(devices);
  for (const device of devices.children) device.children = sorted(device.children, device.name === "disk" ? diskOrder : partOrder);
  devices.children = sorted(disksInOrder(devices.children), deviceOrder);
}

/** libvirt puts a disk behind the last one of its bus that has an earlier name. */
function disksInOrder(children: readonly Xml[]): Xml[] {
  const target = (disk: Xml) => child(disk, "target")?.attributes ?? {};
  const index = (disk: Xml) => [...(target(disk)["dev"] ?? "").slice(2)].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 96, 0);
  const disks: Xml[] = [];
  for (const disk of children.filter(({ name }) => name === "disk")) {
    const before = disks.findLastIndex((one) => target(one)["bus"] === target(disk)["bus"] && index(one) < index(disk));
    const after = disks.findIndex((one) => target(one)["bus"] === target(disk)["bus"] && index(one) > index(disk));
    disks.splice(before >= 0 ? before + 1 : after >= 0 ? after : disks.length, 0, disk);
  }
  return [...disks, ...children.filter(({ name }) => name !== "disk")];
}

/** Devices with an address keep it; each other gets one that is free. */
function giveAddresses(devices: Xml): void {
  const taken = new Set(devices.children.flatMap((device) => addressText(child(device, "address"))));
  const give = (device: Xml, make: (number: number) => Xml) => {
    for (let number = 0; ; number += 1) {
      const address = make(number);
      if (taken.has(addressText(address)[0] ?? "")) continue;
      taken.add(addressText(address)[0] ?? "");
      device.children.push(address);
      return;
    }
  };
  for (const device of devices.children) {
    if (child(device, "address") !== undefined) continue;
    const bus = child(device, "target")?.attributes["bus"];
    if (device.name === "disk" && bus !== "virtio")
      give(device, (unit) => xml("address", { type: "drive", controller: "0", bus: "0", target: "0", unit: String(unit) }));
    else if (["disk", "interface", "memballoon", "rng", "video"].includes(device.name))
      give(device, (slot) => xml("address", { type: "pci", domain: "0x0000", bus: `0x0${slot + 1}`, slot: "0x00", function: "0x0" }));
  }
}

function addressText(address: Xml | undefined): string[] {
  if (address === undefined) return [];
  const { type, bus, unit, slot } = address.attributes;
  return type === "pci" || type === "drive" ? [[type, bus, unit ?? "", slot ?? ""].join(" ")] : [];
}

/** Stable; unnamed ones go to the end. */
function sorted(children: readonly Xml[], names: readonly string[]): Xml[] {
  const rank = ({ name }: Xml) => (names.includes(name) ? names.indexOf(name) : names.length);
  return [...children].sort((a, b) => rank(a) - rank(b));
}
