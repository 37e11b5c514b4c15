import type { DiskAttachment, DiskSpec } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";
import { instanceFiles, layoutOf } from "../../model/layout.ts";
import { bootIndexOf } from "../config/boot-index-of.ts";
import { deviceProperties } from "../config/hardware/device-properties.ts";
import { machineType } from "../config/machine-type.ts";
import { rootVolumeOf } from "../config/root-volume-of.ts";
import { virtTypeOf } from "../config/virt-type.ts";
import type { Wanted } from "../config/wanted.ts";
import { configuredValues } from "../guest/configured-values.ts";
import { addedDisks, type DeviceMapInput, deviceMap } from "../guest/device-map.ts";
import { patchValues } from "../guest/domain-patch.ts";
import { guestWait } from "../terms/guest-wait.ts";
import { pluggingOf } from "../terms/plugging.ts";
import { shutdownOf } from "../terms/shutdown.ts";
import type { DomainDisk, DomainSpec, SeedSpec } from "../terms/spec.ts";
import { volumes as volumeAddresses } from "../terms/volume-address.ts";
import { desiredVolume } from "../volume/desired.ts";
import { kernelBoot } from "./boot-files.ts";
import type { WantedGuest } from "./wanted.ts";

/** The libvirt domain of a guest with these disks and this config drive. */
export function domainSpec(guest: WantedGuest, disks: readonly DiskSpec[], seed: SeedSpec | null): DomainSpec {
  const { config, settings, facts, instance, image, flavor, rescue, project, name, uuid, origin, interfaces } = guest;
  const virtType = virtTypeOf(settings.virtType, facts);
  const isContainer = virtType === "lxc";
  const properties = propertiesOf(guest);
  const devices = devicesOf(guest, disks, seed);
  const commandLine = (rescue ?? image).properties?.["os_command_line"];
  return {
    instance: name,
    origin,
    domainName: name,
    uuid,
    project,
    powerState: instance.power_state ?? "running",
    preventDestroy: instance.prevent_destroy ?? false,
    adopted: instance.adopt === true,
    restart: instance.restart ?? "never",
    shutdown: shutdownOf(guest.hardware),
    // In rescue another system boots, for repairs.
    ...(instance.wait_for === undefined || rescue !== null ? {} : { waitFor: guestWait(instance.wait_for, fixedAddresses(instance)) }),
    ...pluggingPart(guest),
    rebuild: instance.rebuild ?? "on_name_change",
    virtType,
    arch: facts.arch,
    machine: isContainer ? "" : machineType(properties, facts),
    vcpus: flavor.vcpus,
    memory: flavor.ram,
    osType: properties["os_type"] ?? "linux",
    cache: facts.disk.directIo ? "none" : "writeback",
    discard: config.host?.hw_disk_discard ?? "unmap",
    disks: devices,
    interfaces,
    kernel: isContainer ? null : kernelBoot(disks, devices, { rescue: rescue !== null, virtType, commandLine }),
    rescue: rescue?.name ?? null,
    ...(isContainer ? { init: instance.init ?? usualInit } : {}),
    consoleLog: layoutOf(settings).instanceFile(uuid, instanceFiles.console),
    flavor: { name: instance.flavor, disk: flavor.disk, ephemeral: flavor.ephemeral ?? 0, swap: flavor.swap ?? 0 },
    image: instance.image ?? null,
    foreign: instance.foreign ?? "keep",
    domainXml: instance.domain_xml === undefined ? noPatch : patchValues(instance.domain_xml),
    values: valuesOf(guest),
  };
}

/** In rescue nothing is waited for, as in Nova. Of an adopted guest there is no label that could say who paused it. */
function pluggingPart({ config, instance, interfaces, rescue }: WantedGuest): Pick<DomainSpec, "plugging"> {
  const written = (instance.networks ?? []).map(({ ready }) => ready);
  if (rescue !== null || instance.adopt === true || written.every((ready) => ready === undefined)) return {};
  const plugging = pluggingOf(config.host ?? {}, written, interfaces);
  return plugging === undefined ? {} : { plugging };
}

function fixedAddresses({ networks = [] }: WantedGuest["instance"]): string[] {
  return networks.flatMap(({ addresses = [] }) => addresses);
}

/** Nova CTR-01. */
const usualInit = ["/sbin/init"];

const noPatch: DomainSpec["domainXml"] = {};
const known = new WeakMap<WantedGuest["hardware"], { readonly instance: WantedGuest["instance"]; readonly values: DomainSpec["values"] }>();

/** The settings of a guest. Made once for all guests of an entry, which share their configuration. */
function valuesOf({ instance, hardware }: WantedGuest): DomainSpec["values"] {
  const before = known.get(hardware);
  if (before?.instance === instance) return before.values;
  const { adopt, autostart } = instance;
  const isSet = autostart === true || (adopt === true && autostart === false);
  const values = { ...configuredValues(instance), ...hardware, ...(isSet ? { autostart } : {}) };
  known.set(hardware, { instance, values });
  return values;
}

/** Nova BLK-11: without stable devices, the guest's hardware is what the system of the rescue image knows. */
function propertiesOf({ rescue, image, hardware }: WantedGuest): Readonly<Record<string, string>> {
  return deviceProperties((rescue?.stable === false ? rescue : image).properties ?? {}, hardware);
}

function devicesOf(guest: WantedGuest, disks: readonly DiskSpec[], seed: SeedSpec | null): DomainDisk[] {
  const { facts, instance, image, rescue } = guest;
  const properties = propertiesOf(guest);
  const volumes = volumesOf(guest);
  if (instance.adopt === true) return adoptedDisks(guest, volumes);
  if (guest.settings.virtType === "lxc") return containerDisks(guest, disks);
  const rootVolume = instance.image === undefined ? volumes.find(({ volume }) => volume === rootVolumeOf(instance)) : undefined;
  const rootDisk = disks.find((disk) => disk.role === "root");
  const root =
    rootDisk === undefined ? rootVolume?.device : { attachment: attachmentOf(rootDisk, guest), iso: image.disk_format === "iso" };
  if (root === undefined) throw new Error(`instance ${guest.name} has no root disk`);
  const rescueDisk = disks.find((disk) => disk.role === "rescue");
  return deviceMap({
    arch: facts.arch,
    machine: machineType(properties, facts),
    properties,
    rescue: rescue === null || rescueDisk === undefined ? null : { ...rescue, attachment: attachmentOf(rescueDisk, guest) },
    root: { iso: false, ...root },
    others: disks
      .filter(({ role }) => role === "ephemeral" || role === "swap")
      .map((disk) => ({
        name: disk.name,
        attachment: attachmentOf(disk, guest),
        bootIndex: bootIndexOf(instance.ephemerals, guest.ephemeralFiles, disk.name),
      })),
    volumes: volumes.filter((volume) => volume !== rootVolume).map(({ device }) => device),
    configDrive: seed === null ? null : driveDevice(seed, guest),
  });
}

/** The root file system of a container, the only disk that it can have (Nova BLK-13). `checkContainers` reports the others. */
function containerDisks(guest: WantedGuest, disks: readonly DiskSpec[]): DomainDisk[] {
  return disks
    .filter(({ role }) => role === "root")
    .map(
      (disk): DomainDisk => ({
        name: disk.name,
        device: "disk",
        bus: "lxc",
        target: "/",
        named: false,
        attachment: attachmentOf(disk, guest),
        readOnly: false,
        bootOrder: null,
        serial: null,
        given: null,
      }),
    );
}

/** The disks that an adopted guest brought along, and volumes: they get the first free names where none is given. */
function adoptedDisks({ instance }: WantedGuest, volumes: readonly { readonly device: VolumeDevice }[]): DomainDisk[] {
  const own = (instance.disks ?? []).map(({ device, path = "", format, bus, type = "disk" }): DomainDisk => {
    const given = { source: path === "" ? undefined : path, format, bus, device: type };
    return {
      // Its path, whatever lies above it on the host.
      name: path === "" ? device : path,
      device: type,
      bus: bus ?? "virtio",
      target: device,
      named: true,
      attachment: { type: path.startsWith("/dev/") ? "block" : "file", source: path, format: format ?? "raw", secretUuid: null },
      readOnly: false,
      bootOrder: null,
      serial: null,
      given: Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name])),
    };
  });
  const taken = new Set([...own.map(({ target }) => target), ...volumes.flatMap(({ device }) => device.device ?? [])]);
  return [
    ...own,
    ...addedDisks(
      volumes.map(({ device }) => device),
      taken,
    ),
  ];
}

type VolumeDevice = NonNullable<DeviceMapInput["volumes"]>[number];

function volumesOf(guest: WantedGuest): { readonly volume: string; readonly device: VolumeDevice }[] {
  return (guest.instance.volumes ?? []).map(({ volume, device, boot_index: bootIndex = -1 }) => {
    const { disk } = desiredVolume(guest, volume);
    const serial = disk.uuid.replaceAll("-", "").slice(0, 20);
    const attachment = attachmentOf(disk, guest);
    return {
      volume,
      device: { name: volumeAddresses.at(volume), attachment, serial, bootIndex, device },
    };
  });
}

function driveDevice(seed: SeedSpec, wanted: WantedGuest): DeviceMapInput["configDrive"] {
  return { format: seed.format, attachment: attachmentOf(seed.disk, wanted) };
}

function attachmentOf(disk: DiskSpec, { settings, facts }: Pick<Wanted, "settings" | "facts">): DiskAttachment {
  return driverOf(disk.backend).attachment(disk, { settings, facts });
}
