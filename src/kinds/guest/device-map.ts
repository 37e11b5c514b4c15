import type { DiskAttachment } from "../../drivers/driver.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { userError } from "../../model/errors.ts";
import { instanceFiles } from "../../model/layout.ts";
import { problem } from "../../model/problem.ts";
import type { RescueDevice } from "../config/rescue-of.ts";
import { type DriveFormat, driveDevice } from "../terms/drive-format.ts";
import type { DomainDisk } from "../terms/spec.ts";

/** What determines the names and buses of a guest's disks. */
export interface DeviceMapInput {
  readonly arch: string;
  readonly machine: string;
  /** Image properties: `hw_disk_bus` and `hw_cdrom_bus` override the defaults (Nova BLK-05). */
  readonly properties: Readonly<Record<string, string>>;
  /** `iso`: the image is an ISO and becomes a CD drive (Nova BLK-06). */
  readonly root: {
    readonly attachment: DiskAttachment;
    readonly iso: boolean;
    /** Address of a volume. Its `device` determines the bus. */
    readonly name?: string;
    readonly serial?: string;
    readonly device?: string | undefined;
  };
  /** The disk that a guest in rescue boots from. */
  readonly rescue?: (RescueDevice & { readonly attachment: DiskAttachment }) | null;
  /** Further disks in Nova's order: local, ephemerals, swap (Nova BLK-07). */
  readonly others?: readonly { readonly name: string; readonly attachment: DiskAttachment; readonly bootIndex?: number }[];
  /** After them, in the order given. An explicit device name is kept (Nova BLK-07). */
  readonly volumes?: readonly {
    readonly name: string;
    readonly attachment: DiskAttachment;
    readonly serial: string;
    readonly device?: string | undefined;
    /** 1 is tried after the root disk (Nova BLK-09). Negative or absent: never. */
    readonly bootIndex?: number;
  }[];
  readonly configDrive: { readonly format: DriveFormat; readonly attachment: DiskAttachment } | null;
}

type Bus = DomainDisk["bus"];

/** Nova BLK-04, for kvm and qemu, without floppies. */
const buses: readonly Bus[] = ["virtio", "scsi", "sata", "ide", "usb"];
const cdromBuses: readonly Bus[] = ["scsi", "sata", "ide", "usb"];
const models = ["virtio", "e1000", "e1000e", "rtl8139", "ne2k_pci", "pcnet", "vmxnet3"];
/** Nova BLK-02. */
const prefixes: Readonly<Record<Bus, string>> = { virtio: "vd", scsi: "sd", sata: "sd", usb: "sd", ide: "hd", lxc: "" };
/** Nova BLK-03. */
const ideDevices = 4;

/** The disks of a guest with names, buses and boot order, config drive last (Nova BLK-07) but for a disk of a stable rescue. Throws a UserError when IDE has no name left. */
export function deviceMap(input: DeviceMapInput): DomainDisk[] {
  const diskBus = busOf(input.properties["hw_disk_bus"], buses) ?? "virtio";
  const cdromBus = busOf(input.properties["hw_cdrom_bus"], cdromBuses) ?? defaultCdromBus(input);
  const rootDevice = input.root.iso ? "cdrom" : "disk";
  const asked = input.root.device;
  const rootBus = input.root.iso ? cdromBus : asked === undefined ? diskBus : busNamed(asked, diskBus);
  const { rescue = null } = input;
  const wishes = (input.volumes ?? []).flatMap(({ device }) => device ?? []);
  const before = rescue === null || rescue.stable ? [] : [rescueDisk(rescue, input, createNames(new Set()))];
  const first = before.map(({ target }) => target);
  // The root disk is always the first of its bus, because kernel command lines name it. `checkDevices` reports other disks that request its name.
  const rootTarget =
    asked !== undefined && !first.includes(asked) ? asked : createNames(new Set(first.length === 0 ? [] : [...first, ...wishes]))(rootBus);
  const next = createNames(new Set([...first, rootTarget, ...wishes]));
  const disks: DomainDisk[] = [
    ...before,
    {
      name: input.root.name ?? instanceFiles.root,
      device: rootDevice,
      bus: rootBus,
      target: rootTarget,
      named: asked !== undefined,
      attachment: input.root.attachment,
      readOnly: input.root.iso,
      bootOrder: before.length === 0 ? 1 : null,
      serial: input.root.serial ?? null,
      given: null,
    },
  ];
  // Nova BLK-11: only the rescue disk in front is bootable.
  const orderOf = (bootIndex: number | undefined) => (before.length === 0 ? bootOrder(bootIndex) : null);
  for (const { name, attachment, bootIndex } of input.others ?? []) {
    disks.push({
      name,
      device: "disk",
      bus: diskBus,
      target: next(diskBus),
      named: false,
      attachment,
      readOnly: false,
      bootOrder: orderOf(bootIndex),
      serial: null,
      given: null,
    });
  }
  for (const volume of input.volumes ?? []) disks.push(volumeDisk(volume, { bus: diskBus, bootOrder: orderOf(volume.bootIndex), next }));
  if (input.configDrive !== null) {
    const { format, attachment } = input.configDrive;
    const drive = driveDevice(format) === "cdrom";
    const bus = drive ? (busOf(input.properties["hw_cdrom_bus"], cdromBuses) ?? defaultDriveBus(input)) : diskBus;
    // Nova BLK-08. Read-only: a guest that wrote to the drive would make it look modified by hand.
    disks.push({
      name: instanceFiles.configDrive,
      device: drive ? "cdrom" : "disk",
      bus,
      target: next(bus),
      named: false,
      attachment,
      readOnly: true,
      bootOrder: null,
      serial: null,
      given: null,
    });
  }
  if (rescue === null || !rescue.stable) return disks;
  // Nova BLK-12: the guest's disks keep their names and move back in the boot order.
  const later = disks.map((disk) => (disk.bootOrder === null ? disk : { ...disk, bootOrder: disk.bootOrder + 1 }));
  return [...later, rescueDisk(rescue, input, next)];
}

/** Volumes that are added to a guest whose other disks have these names. */
export function addedDisks(volumes: NonNullable<DeviceMapInput["volumes"]>, taken: ReadonlySet<string>): DomainDisk[] {
  const next = createNames(taken);
  return volumes.map((volume) => volumeDisk(volume, { bus: "virtio", bootOrder: null, next }));
}

/** A volume as a disk; the bus follows from its name where it has one. */
function volumeDisk(
  { name, attachment, serial, device }: NonNullable<DeviceMapInput["volumes"]>[number],
  given: { readonly bus: Bus; readonly bootOrder: number | null; readonly next: (bus: Bus) => string },
): DomainDisk {
  const bus = device === undefined ? given.bus : busNamed(device, given.bus);
  return {
    name,
    device: "disk",
    bus,
    target: device ?? given.next(bus),
    named: device !== undefined,
    attachment,
    readOnly: false,
    bootOrder: given.bootOrder,
    serial,
    given: null,
  };
}

/** Nova BLK-09, BLK-10: libvirt counts from one. A device without an order is not bootable. */
function bootOrder(bootIndex = -1): number | null {
  return bootIndex < 0 ? null : bootIndex + 1;
}

function rescueDisk(rescue: NonNullable<DeviceMapInput["rescue"]>, input: DeviceMapInput, next: (bus: Bus) => string): DomainDisk {
  const { cdrom, properties, attachment } = rescue;
  const named = properties["hw_rescue_bus"] ?? properties[cdrom ? "hw_cdrom_bus" : "hw_disk_bus"];
  const bus = busOf(named, cdrom ? cdromBuses : buses) ?? (cdrom ? defaultCdromBus(input) : "virtio");
  const device = cdrom ? "cdrom" : "disk";
  return {
    name: instanceFiles.rescue,
    device,
    bus,
    target: next(bus),
    named: false,
    attachment,
    readOnly: cdrom,
    bootOrder: 1,
    serial: null,
    given: null,
  };
}

/** The possible buses of a rescue disk. */
export function rescueBuses(cdrom: boolean, machine: string): readonly string[] {
  return (cdrom ? cdromBuses : buses).filter((bus) => isPossibleBus(bus, machine));
}

/** Hardware properties of an image that its guests cannot have (Nova BLK-04). `image`: its name, for the message. */
export function checkDeviceProperties(image: string, input: Pick<DeviceMapInput, "arch" | "machine" | "properties">): Diagnostic[] {
  const wrong = (property: string, allowed: readonly string[]): Diagnostic[] => {
    const value = input.properties[property];
    if (value === undefined || allowed.includes(value)) return [];
    return [
      problem("unsupported-hardware", {
        summary: `Image ${image} has ${property}: ${value}, which its guests cannot have`,
        detail: `With machine type ${input.machine} on ${input.arch} the possible values are ${allowed.join(", ")}. Change the property or the machine type (hw_machine_type).`,
        address: `image/${image}`,
      }),
    ];
  };
  const possible = (bus: Bus) => isPossibleBus(bus, input.machine);
  return [
    ...wrong("hw_disk_bus", buses.filter(possible)),
    ...wrong("hw_cdrom_bus", cdromBuses.filter(possible)),
    ...wrong("hw_vif_model", models),
  ];
}

/** Whether a machine type has a bus (Nova BLK-04): only `pc` has IDE. */
export function isPossibleBus(bus: Bus, machine: string): boolean {
  return bus !== "ide" || family(machine) === "pc";
}

function busOf(value: string | undefined, allowed: readonly Bus[]): Bus | undefined {
  return allowed.find((bus) => bus === value);
}

/** Nova BLK-05: `pc` has IDE, `q35` has SATA, other architectures have neither. */
function defaultCdromBus({ arch, machine }: Pick<DeviceMapInput, "arch" | "machine">): Bus {
  if (arch !== "x86_64" && arch !== "i686") return "scsi";
  return family(machine) === "pc" ? "ide" : "sata";
}

/** On q35 a config drive uses virtio SCSI: kernels of cloud images often have no SATA driver, which Nova BLK-05 would choose. */
function defaultDriveBus(input: Pick<DeviceMapInput, "arch" | "machine">): Bus {
  const bus = defaultCdromBus(input);
  return bus === "sata" ? "scsi" : bus;
}

function family(machine: string): "pc" | "other" {
  return machine === "pc" || machine.startsWith("pc-i440fx") ? "pc" : "other";
}

/** The bus of a device name: the usual one if its prefix matches, else the first bus with that prefix. */
function busNamed(device: string, usual: Bus): Bus {
  const prefix = device.slice(0, 2);
  return prefixes[usual] === prefix ? usual : (buses.find((bus) => prefixes[bus] === prefix) ?? usual);
}

/** Gives the next free name of a bus, again and again. Throws a UserError when IDE has none left. */
export function createNames(taken: ReadonlySet<string>): (bus: Bus) => string {
  const used = new Map<string, number>();
  return (bus) => {
    const prefix = prefixes[bus];
    let index = used.get(prefix) ?? 0;
    while (taken.has(prefix + letters(index))) index += 1;
    if (bus === "ide" && index >= ideDevices) {
      throw userError(
        "too-many-ide-disks",
        "A guest has more than four IDE disks",
        "IDE has four names for disks, config drive and rescue disk together. Set hw_disk_bus: virtio or scsi in the properties of the image, or give the instance fewer disks.",
      );
    }
    used.set(prefix, index + 1);
    return prefix + letters(index);
  };
}

/** a … z, aa, ab … (Nova BLK-03). */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}
