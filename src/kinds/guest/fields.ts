import { sourceText } from "../../drivers/shared/disk-source.ts";
import { diskSource } from "../../tools/libvirt/disk-source.ts";
import { find, findAll, textAt, type XmlElement } from "../../tools/xml.ts";
import type { FieldValue } from "../terms/domain-state.ts";
import type { DomainDisk, DomainSpec, InterfaceSpec } from "../terms/spec.ts";
import { diskSerial } from "./disk-serial.ts";
import { add, at, type Draft } from "./draft.ts";
import type { DeviceField, DeviceFields, GuestField } from "./field.ts";
import { findLabel, findNova, labelOf, novaOf } from "./metadata.ts";

const builtIn: readonly GuestField[] = [
  {
    path: "name",
    want: ({ instance }) => instance,
    write: (domain, value) => setText(at(domain, "name"), value),
    read: (domain) => textAt(domain, "name"),
  },
  {
    path: "virt_type",
    headline: 5,
    want: ({ virtType }) => virtType,
    write: (domain, value) => set(domain, "type", value),
    read: (domain) => domain.attributes["type"],
  },
  {
    path: "arch",
    want: ({ arch }) => arch,
    write: (domain, value) => set(at(domain, "os", "type"), "arch", value),
    read: (domain) => find(domain, "os", "type")?.attributes["arch"],
  },
  {
    path: "machine",
    want: ({ machine }) => normalMachine(machine),
    write: (domain, _value, { machine }) => set(at(domain, "os", "type"), "machine", machine),
    read: (domain) => normalMachine(find(domain, "os", "type")?.attributes["machine"]),
  },
  {
    path: "memory",
    headline: 4,
    size: true,
    // libvirt counts in KiB.
    want: ({ memory }) => Math.ceil(memory / 1024) * 1024,
    write: (domain, value) => setText(set(at(domain, "memory"), "unit", "KiB"), Number(value) / 1024),
    read: (domain) => sizeOf(find(domain, "memory")),
  },
  {
    path: "current_memory",
    size: true,
    read: (domain) => {
      const current = sizeOf(find(domain, "currentMemory"));
      return current === sizeOf(find(domain, "memory")) ? undefined : current;
    },
  },
  {
    path: "vcpus",
    headline: 3,
    want: ({ vcpus }) => vcpus,
    write: (domain, value) => setText(at(domain, "vcpu"), value),
    read: (domain) => Number(textAt(domain, "vcpu") ?? 1),
  },
  { path: "current_vcpus", read: (domain) => numberOf(find(domain, "vcpu")?.attributes["current"]) },
  {
    path: "cpu",
    // Nova XML-09. An emulated guest gets all that qemu can emulate: recent guests refuse its oldest processor.
    want: ({ virtType, arch }) => (virtType === "qemu" ? "maximum" : isX86(arch) ? "host-model" : "host-passthrough"),
    write: (domain, value) => set(at(domain, "cpu"), "mode", value),
    read: (domain) => find(domain, "cpu")?.attributes["mode"],
  },
  {
    path: "topology",
    fixed: true,
    want: () => topologyText("1", "1"),
    write: (domain, _value, { vcpus }) => add(at(domain, "cpu"), "topology", { sockets: vcpus, cores: 1, threads: 1 }),
    read: (domain) => {
      const { cores, threads } = find(domain, "cpu", "topology")?.attributes ?? {};
      return cores === undefined || threads === undefined ? undefined : topologyText(cores, threads);
    },
  },
  // Nova XML-06.
  {
    path: "kernel",
    want: ({ kernel }) => kernel?.path ?? null,
    write: (domain, value) => setText(at(domain, "os", "kernel"), value),
    read: (domain) => textAt(domain, "os", "kernel"),
  },
  {
    path: "initrd",
    want: ({ kernel }) => kernel?.ramdisk ?? null,
    write: (domain, value) => setText(at(domain, "os", "initrd"), value),
    read: (domain) => textAt(domain, "os", "initrd"),
  },
  {
    path: "cmdline",
    want: ({ kernel }) => kernel?.commandLine ?? null,
    write: (domain, value) => setText(at(domain, "os", "cmdline"), value),
    read: (domain) => textAt(domain, "os", "cmdline"),
  },
  { path: "firmware", read: (domain) => find(domain, "os")?.attributes["firmware"] ?? textAt(domain, "os", "loader") },
  {
    path: "clock",
    want: ({ osType }) => (osType === "windows" ? "localtime" : "utc"),
    write: (domain, value) => set(at(domain, "clock"), "offset", value),
    read: (domain) => find(domain, "clock")?.attributes["offset"],
  },
  {
    path: "smbios",
    fixed: true,
    want: (spec) => (isX86(spec.arch) ? smbiosText("sysinfo", smbiosEntries(spec), spec.uuid) : null),
    write: (domain, _value, spec) => {
      const system = at(set(at(domain, "sysinfo"), "type", "smbios"), "system");
      for (const [name, value] of smbiosEntries(spec)) add(system, "entry", { name }, value);
      set(at(domain, "os", "smbios"), "mode", "sysinfo");
    },
    read: (domain) => {
      const mode = find(domain, "os", "smbios")?.attributes["mode"];
      const entries = findAll(find(domain, "sysinfo", "system"), "entry").map(({ attributes, text }) => [attributes["name"], text.trim()]);
      return mode === undefined ? undefined : smbiosText(mode, entries, textAt(domain, "uuid"));
    },
  },
  presence("acpi", () => true, "features", "acpi"),
  presence("apic", ({ arch }) => isX86(arch), "features", "apic"),
  {
    path: "hyperv",
    fixed: true,
    // Nova XML-07: what a Windows guest expects of its hypervisor.
    want: (spec) => (isWindowsOnKvm(spec) ? "relaxed, spinlocks 8191, vapic" : null),
    write: (domain) => {
      const hyperv = at(domain, "features", "hyperv");
      add(hyperv, "relaxed", { state: "on" });
      add(hyperv, "vapic", { state: "on" });
      add(hyperv, "spinlocks", { state: "on", retries: 8191 });
    },
    read: (domain) => {
      const hyperv = find(domain, "features", "hyperv");
      if (hyperv === undefined) return undefined;
      const on = hyperv.children.filter(({ attributes }) => attributes["state"] === "on");
      const words = on.map(({ name, attributes }) => [name, attributes["retries"]].filter(Boolean).join(" "));
      return words.sort().join(", ");
    },
  },
  {
    path: "power_state",
    headline: 6,
    want: ({ powerState }) => powerState,
    write: (domain, value) => setText(at(labelOf(domain), "virtform:power_state"), value),
    read: (domain) => textAt(findLabel(domain), "virtform:power_state"),
  },
  {
    path: "prevent_destroy",
    cosmetic: true,
    want: ({ preventDestroy }) => preventDestroy,
    write: (domain, value) => setText(at(labelOf(domain), "virtform:prevent_destroy"), value),
    // Only an explicit "false" lifts the protection.
    read: (domain) => {
      const label = findLabel(domain);
      return label === undefined ? undefined : textAt(label, "virtform:prevent_destroy") !== "false";
    },
  },
  {
    path: "rescue",
    // Nova RES-01, RES-02: a rescue takes effect at once, not at a later start.
    running: "restart",
    want: ({ rescue }) => rescue,
    write: (domain, value) => setText(at(labelOf(domain), "virtform:rescue"), value),
    read: (domain) => textAt(findLabel(domain), "virtform:rescue"),
  },
  {
    path: "flavor",
    headline: 2,
    cosmetic: true,
    want: ({ flavor }) => flavor.name,
    // Nova XML-03.
    write: (domain, value, { flavor, memory, vcpus }) => {
      const whole = (bytes: number, unit: number) => String(Math.ceil(bytes / unit));
      const described = set(at(novaOf(domain), "nova:flavor"), "name", value);
      setText(at(described, "nova:memory"), whole(memory, 2 ** 20));
      setText(at(described, "nova:disk"), whole(flavor.disk, 2 ** 30));
      setText(at(described, "nova:swap"), whole(flavor.swap, 2 ** 20));
      setText(at(described, "nova:ephemeral"), whole(flavor.ephemeral, 2 ** 30));
      setText(at(described, "nova:vcpus"), vcpus);
    },
    read: (domain) => find(findNova(domain), "nova:flavor")?.attributes["name"],
  },
  {
    path: "image",
    headline: 1,
    cosmetic: true,
    want: ({ image }) => image,
    write: (domain, value) => {
      set(set(at(novaOf(domain), "nova:root"), "type", "image"), "name", value);
    },
    read: (domain) => find(findNova(domain), "nova:root")?.attributes["name"],
  },
];

const afterDevices: readonly GuestField[] = [
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
  {
    path: "balloon",
    fixed: true,
    want: () => balloonText("virtio", "10"),
    write: (domain) => add(set(at(domain, "devices", "memballoon"), "model", "virtio"), "stats", { period: 10 }),
    read: (domain) => {
      const balloon = find(domain, "devices", "memballoon");
      return balloon === undefined ? undefined : balloonText(balloon.attributes["model"], find(balloon, "stats")?.attributes["period"]);
    },
  },
  // virtform gives no guest such a device, so a new definition takes it away.
  ...["hostdev", "filesystem", "shmem", "tpm", "sound", "smartcard", "vsock", "redirdev", "lease"].map(
    (name): GuestField => ({ path: `devices.${name}`, read: (domain) => findAll(find(domain, "devices"), name).length || undefined }),
  ),
  {
    path: "persistent",
    fixed: true,
    running: "none",
    want: () => true,
    // Defining a domain makes it persistent.
    look: ({ persistent }) => persistent,
  },
];

const disks: DeviceFields<DomainDisk> = {
  section: "disks",
  items: (spec) => spec.disks,
  key: ({ target }) => target,
  create: (domain, { target, attachment }) => {
    const disk = add(at(domain, "devices"), "disk", { type: attachment.type });
    add(disk, "driver", { name: "qemu" });
    add(disk, "target", { dev: target });
    return disk;
  },
  find: (domain) => findAll(find(domain, "devices"), "disk"),
  keyOf: (disk) => find(disk, "target")?.attributes["dev"] ?? "?",
  describe: ({ bus, device: kind, format, encryption, read_only: readOnly }) => {
    const marks = [format, encryption === undefined ? undefined : "encrypted", readOnly === true ? "read-only" : undefined];
    return [[bus, kind].filter(Boolean).join(" "), ...marks.filter((mark) => mark !== undefined)].join(", ");
  },
  fields: [
    {
      name: "device",
      want: ({ device: kind }) => kind,
      write: (disk, value) => set(disk, "device", value),
      read: ({ attributes }) => attributes["device"] ?? "disk",
    },
    {
      name: "bus",
      want: ({ bus }) => bus,
      write: (disk, value) => set(at(disk, "target"), "bus", value),
      read: (disk) => find(disk, "target")?.attributes["bus"],
    },
    {
      name: "source",
      want: ({ attachment }) => sourceText(attachment),
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
      write: (disk, _value, { attachment }) => {
        if (attachment.type !== "network") return;
        for (const { name, port } of attachment.hosts) add(at(disk, "source"), "host", { name, port });
      },
      read: (disk) => hostsText(findAll(find(disk, "source"), "host").map(({ attributes }) => attributes)) ?? undefined,
    },
    {
      name: "user",
      want: ({ attachment }) => (attachment.type === "network" ? (attachment.auth?.user ?? null) : null),
      write: (disk, value) => set(at(disk, "auth"), "username", value),
      read: (disk) => besideSource(disk, "auth")?.attributes["username"],
    },
    {
      name: "secret",
      want: ({ attachment }) => (attachment.type === "network" ? attachment.auth?.secretUuid : attachment.secretUuid) ?? null,
      write: (disk, value, { attachment }) => {
        const network = attachment.type === "network";
        add(at(disk, network ? "auth" : "encryption"), "secret", { type: network ? "ceph" : "passphrase", uuid: String(value) });
      },
      read: (disk) => find(besideSource(disk, "auth") ?? besideSource(disk, "encryption"), "secret")?.attributes["uuid"],
    },
    {
      name: "encryption",
      // Nova QCOW-10: libvirt alone knows the passphrase.
      want: ({ attachment }) => (attachment.type !== "network" && attachment.secretUuid !== null ? "luks" : null),
      write: (disk, value) => set(at(disk, "encryption"), "format", value),
      read: (disk) => besideSource(disk, "encryption")?.attributes["format"],
    },
    driver("type", "format", ({ attachment }) => attachment.format),
    driver("cache", "cache", (_disk, { cache }) => cache),
    // Kernel AIO may block on a file with holes; on a block device it is the fastest, and needs direct I/O.
    driver("io", "io", ({ attachment }, { cache }) => (attachment.type === "block" && cache === "none" ? "native" : null)),
    driver("discard", "discard", ({ device: kind, readOnly }, { discard }) => (kind === "cdrom" || readOnly ? null : discard)),
    {
      name: "serial",
      want: ({ name, serial }, { uuid }) => serial ?? diskSerial(uuid, name),
      write: (disk, value) => setText(at(disk, "serial"), value),
      read: (disk) => textAt(disk, "serial"),
    },
    {
      name: "read_only",
      want: ({ device: kind, readOnly }) => (readOnly || kind === "cdrom" ? true : null),
      write: (disk) => at(disk, "readonly"),
      read: (disk) => (find(disk, "readonly") === undefined ? undefined : true),
    },
    {
      name: "boot_order",
      want: ({ bootOrder }) => bootOrder,
      write: (disk, value) => set(at(disk, "boot"), "order", value),
      read: (disk) => numberOf(find(disk, "boot")?.attributes["order"]),
    },
  ],
};

const interfaces: DeviceFields<InterfaceSpec> = {
  section: "interfaces",
  items: (spec) => spec.interfaces,
  key: ({ mac }) => mac,
  create: (domain, { mac }) => {
    const card = add(at(domain, "devices"), "interface");
    add(card, "mac", { address: mac });
    return card;
  },
  find: (domain) => findAll(find(domain, "devices"), "interface"),
  keyOf: (card) => (find(card, "mac")?.attributes["address"] ?? "?").toLowerCase(),
  describe: ({ type, source, model }) => [[type, source].filter(Boolean).join(" "), ...(model === undefined ? [] : [model])].join(", "),
  fields: [
    {
      name: "type",
      want: ({ type }) => type,
      write: (card, value) => set(card, "type", value),
      read: ({ attributes }) => attributes["type"],
    },
    {
      name: "source",
      want: ({ type, source }) => (type === "user" ? null : source),
      write: (card, value, { type }) => set(at(card, "source"), type === "network" ? "network" : "bridge", value),
      read: (card) => {
        const { network, bridge, dev } = find(card, "source")?.attributes ?? {};
        return network ?? bridge ?? dev;
      },
    },
    {
      name: "model",
      want: ({ model }) => model,
      write: (card, value) => set(at(card, "model"), "type", value),
      read: (card) => find(card, "model")?.attributes["type"],
    },
  ],
};

const graphics: DeviceFields<{ readonly type: string; readonly listen: string }> = {
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

interface Timer {
  readonly name: string;
  readonly tickpolicy: string | null;
  readonly present: string | null;
}

const timers: DeviceFields<Timer> = {
  section: "timers",
  fixed: true,
  // Nova XML-08.
  items: (spec) =>
    spec.virtType !== "kvm" || !isX86(spec.arch)
      ? []
      : [
          { name: "pit", tickpolicy: "delay", present: null },
          { name: "rtc", tickpolicy: "catchup", present: null },
          { name: "hpet", tickpolicy: null, present: "no" },
          ...(isWindowsOnKvm(spec) ? [{ name: "hypervclock", tickpolicy: null, present: "yes" }] : []),
        ],
  key: ({ name }) => name,
  create: (domain, { name }) => add(at(domain, "clock"), "timer", { name }),
  find: (domain) => findAll(find(domain, "clock"), "timer"),
  keyOf: ({ attributes }) => attributes["name"] ?? "?",
  fields: (["tickpolicy", "present"] as const).map((name) => ({
    name,
    want: (timer) => timer[name],
    write: (timer, value) => set(timer, name, value),
    read: ({ attributes }) => attributes[name],
  })),
};

// biome-ignore lint/suspicious/noExplicitAny: each row gets only items that it made itself
type AnyDeviceFields = DeviceFields<any>;

/** One row of the table. */
export type FieldRow = GuestField | AnyDeviceFields;

/** Every field of a guest, in the order in which plans list them. A new one is one more row. */
const table: readonly FieldRow[] = [...builtIn, timers, disks, interfaces, graphics, ...afterDevices];

let rows = table;

/** The table with the fields that were registered at run time: the same array until another is registered. */
export function fieldRows(): readonly FieldRow[] {
  return rows;
}

/** Adds a field, for as long as the result is not disposed of. Throws a TypeError when the path or the key is in use. */
export function registerGuestField(field: GuestField): Disposable {
  const taken = rows.some(
    (row) =>
      !isDevices(row) && (row.path === field.path || (field.configured !== undefined && row.configured?.key === field.configured.key)),
  );
  if (taken) throw new TypeError(`a field of guests with the path or key of ${field.path} exists already`);
  rows = [...rows, field];
  const undo = new DisposableStack();
  undo.defer(() => {
    rows = rows.filter((row) => row !== field);
  });
  return undo;
}

/** Whether a row is about devices, of which a guest has several. */
export function isDevices(row: FieldRow): row is AnyDeviceFields {
  return "section" in row;
}

const scsiModel = "virtio-scsi";
const agentChannel = "org.qemu.guest_agent.0";

function set(element: Draft, attribute: string, value: FieldValue): Draft {
  element.attributes[attribute] = String(value);
  return element;
}

function setText(element: Draft, value: FieldValue): Draft {
  element.text = String(value);
  return element;
}

/** A feature that is on when its element exists. */
function presence(path: string, wanted: (spec: DomainSpec) => boolean, ...at_: readonly string[]): GuestField {
  return {
    path,
    fixed: true,
    want: (spec) => wanted(spec) || null,
    write: (domain) => at(domain, ...at_),
    read: (domain) => (find(domain, ...at_) === undefined ? undefined : true),
  };
}

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

/** An attribute of a disk's `<driver>`. */
function driver(attribute: string, name: string, want: (disk: DomainDisk, spec: DomainSpec) => FieldValue | null): DeviceField<DomainDisk> {
  return {
    name,
    want,
    write: (disk, value) => set(at(disk, "driver"), attribute, value),
    read: (disk) => find(disk, "driver")?.attributes[attribute],
  };
}

/** The first device of a name that has these attributes. */
function device(domain: XmlElement, name: string, attributes: Readonly<Record<string, string>>): XmlElement | undefined {
  return findAll(find(domain, "devices"), name).find((one) =>
    Object.entries(attributes).every(([key, value]) => one.attributes[key] === value),
  );
}

/** libvirt keeps authentication and encryption beside the source or in it, depending on who wrote them. */
function besideSource(disk: XmlElement, name: string): XmlElement | undefined {
  return find(disk, name) ?? find(disk, "source", name);
}

function channelNames(domain: XmlElement): string[] {
  return findAll(find(domain, "devices"), "channel").flatMap((channel) => find(channel, "target")?.attributes["name"] ?? []);
}

function hostsText(hosts: readonly { readonly name?: string; readonly port?: string }[]): string | null {
  return hosts.length === 0 ? null : hosts.map(({ name, port }) => [name, port].join(":")).join(" ");
}

/** Sockets follow from the number of processors. */
function topologyText(cores: string, threads: string): string {
  return `cores ${cores}, threads ${threads}`;
}

function balloonText(model: string | undefined, period: string | undefined): string {
  return period === undefined ? String(model) : `${model}, statistics every ${period} s`;
}

/** Nova XML-04: cloud-init knows an OpenStack guest by these words and then looks for a config drive. */
function smbiosEntries({ uuid }: DomainSpec): [string, string][] {
  return [
    ["manufacturer", "OpenStack Foundation"],
    ["product", "OpenStack Nova"],
    ["serial", uuid],
    ["uuid", uuid],
    ["family", "Virtual Machine"],
  ];
}

/** `own` stands for the uuid of the guest, which is not the same for all of them. */
function smbiosText(mode: string, entries: readonly (readonly (string | undefined)[])[], uuid: string | undefined): string {
  return [mode, ...entries.map(([name, value]) => `${name} ${value === uuid ? "own" : value}`)].join("; ");
}

function isX86(arch: string): boolean {
  return arch === "x86_64" || arch === "i686";
}

function isWindowsOnKvm({ osType, arch, virtType }: DomainSpec): boolean {
  return osType === "windows" && isX86(arch) && virtType === "kvm";
}

/** libvirt writes the versioned machine that an alias stood for; that is no change. */
function normalMachine(machine: string): string;
function normalMachine(machine: string | undefined): string | undefined;
function normalMachine(machine: string | undefined): string | undefined {
  if (machine === undefined) return undefined;
  if (/^pc-q35-/.test(machine)) return "q35";
  if (/^pc-i440fx-/.test(machine)) return "pc";
  return /^virt-\d/.test(machine) ? "virt" : machine;
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

function sizeOf(memory: XmlElement | undefined): number | undefined {
  if (memory === undefined) return undefined;
  return Number(memory.text.trim()) * (units[memory.attributes["unit"] ?? "KiB"] ?? 1024);
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
