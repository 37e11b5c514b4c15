import type { DiskAttachment, DiskSpec, Surroundings } from "../../drivers/driver.ts";
import { driveDriver, driverOf, placeOf, plainFileDriver, roundUp } from "../../drivers/index.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import { createLayout, instanceFiles } from "../../model/layout.ts";
import type { Resource } from "../../model/resource.ts";
import type { HostSettings } from "../../model/settings.ts";
import { uuidV5 } from "../../model/uuid.ts";
import { blankDisks } from "../config/blank-disks.ts";
import { bootIndexOf } from "../config/boot-index-of.ts";
import { declared } from "../config/declared.ts";
import { imageOf } from "../config/image-of.ts";
import { instanceNames } from "../config/instance-names.ts";
import { machineType } from "../config/machine-type.ts";
import { rescueOf } from "../config/rescue-of.ts";
import { rootVolumeOf } from "../config/root-volume-of.ts";
import type { Config, FlavorConfig, ImageConfig, InstanceConfig } from "../config.ts";
import { bootFiles, kernelBoot } from "../disk/boot-files.ts";
import type { InstanceDisk } from "../disk/disk.ts";
import { rescueDisks } from "../disk/rescue.ts";
import { configuredValues } from "../guest/configured-values.ts";
import { deviceMap } from "../guest/device-map.ts";
import { interfacesOf } from "../guest/interfaces.ts";
import { baseRef } from "../image/base-ref.ts";
import { cloneFallback } from "../image/clone-fallback.ts";
import { secretUuid } from "../secret/secret.ts";
import { diskAddress } from "../terms/disk-name.ts";
import { guests } from "../terms/guest-address.ts";
import { secrets } from "../terms/secret-address.ts";
import { seeds } from "../terms/seed-address.ts";
import type { DomainSpec, InterfaceSpec, SecretSpec, SeedSpec } from "../terms/spec.ts";
import { volumes as volumeAddresses } from "../terms/volume-address.ts";
import { desiredVolume } from "../volume/desired.ts";
import { blockDevices } from "./seed/block-devices.ts";

/** Anything of an instance as it should be. */
export type InstanceSpec =
  | InstanceDisk
  | { readonly kind: "seed"; readonly seed: SeedSpec }
  | { readonly kind: "secret"; readonly secret: SecretSpec }
  /** `disks`: those of the instance itself. */
  | { readonly kind: "domain"; readonly domain: DomainSpec; readonly disks: readonly InstanceDisk[] };

/** Every disk, config drive and domain of every instance of the configuration, with all defaults filled. */
export function desiredInstances(config: Config, settings: HostSettings, facts: HostFacts): Resource<InstanceSpec>[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]) =>
    instanceNames(name, instance.count).flatMap((copy, index) => oneInstance(config, settings, facts, instance, copy, index)),
  );
}

function oneInstance(
  config: Config,
  settings: HostSettings,
  facts: HostFacts,
  instance: InstanceConfig,
  name: string,
  index: number,
): Resource<InstanceSpec>[] {
  const project = config.project ?? "default";
  const uuid = instance.uuid ?? uuidV5(`instance/${project}/${name}`);
  const image = imageOf(config, instance);
  const rootVolume = rootVolumeOf(instance);
  // Nothing to boot from: `checkRootDisks` says so, and nothing is done.
  if (instance.image === undefined && rootVolume === undefined) return [];
  const flavor = declared(config.flavors, instance.flavor);
  const layout = createLayout(settings.instancesPath);
  const interfaces = interfacesOf(instance, image, project, name);

  const backend = instance.images_type ?? settings.imagesType;
  const common = (fileName: string) => ({ instance: name, uuid, name: fileName, path: layout.instanceFile(uuid, fileName) });
  const iso = image.disk_format === "iso";
  const passphrase = instance.encryption?.passphrase;
  // A CD is what everybody may read.
  const encryption = passphrase === undefined ? {} : { encryption: { passphrase, secretUuid: secretUuid(uuid) } };
  const rootOn = (imageName: string): DiskSpec => ({
    ...common(instanceFiles.root),
    role: "root",
    // Nova BLK-06: the guest gets an ISO as the CD that it is: whole, read-only, and as large as it is.
    backend: iso ? plainFileDriver : backend,
    size: iso ? null : rootSize(flavor),
    base: baseRef(settings, imageName, declared(config.images, imageName), false),
    preallocate: iso ? "none" : settings.preallocateImages,
    ...(iso ? {} : encryption),
  });
  // Nova BLD-13: booted from a volume it has no root disk of its own, and everything else.
  const roots = instance.image === undefined ? [] : [rootOn(instance.image)];
  const blanks = blankDisks(instance, image, flavor, config.host).map(
    ({ name: fileName, ...blank }): DiskSpec => ({
      ...common(fileName),
      backend,
      preallocate: settings.preallocateImages,
      ...encryption,
      ...blank,
    }),
  );
  const rescue = rescueOf(config, instance);
  const rescues = rescue === undefined ? [] : rescueDisks(config, settings, rescue, { backend, ...encryption }, common);
  const disks = [...roots, ...bootFiles(config, settings, image, common), ...blanks, ...rescues].map((disk) =>
    placed(roundedUp(disk, facts, settings), settings),
  );
  const drive =
    instance.config_drive === false
      ? undefined
      : {
          ...seedSpec(config, instance, {
            project,
            name,
            uuid,
            index,
            interfaces,
            path: layout.instanceFile(uuid, instanceFiles.configDrive),
          }),
          ...keptBy(driveDriver(backend), settings),
        };
  const guest = { config, settings, facts, instance, image, flavor, project, name, uuid, interfaces, disks, seed: drive };
  const domain = domainSpec(guest);
  // Nova CFG-15: a rescue leaves the drive as it is, and so the names in it are those of every day.
  const usual = rescue === undefined ? domain : domainSpec({ ...guest, instance: { ...instance, rescue: false } });
  const seed = drive === undefined ? undefined : { ...drive, blockDevices: blockDevices(usual.disks) };
  const secret: SecretSpec | undefined =
    passphrase === undefined ? undefined : { instance: name, uuid: secretUuid(uuid), owner: uuid, project, passphrase };
  const own = disks.map((disk): InstanceDisk => ({ kind: "disk", disk, domain, ...cloneFallback(config, facts, disk) }));
  return [
    ...(secret === undefined ? [] : [{ address: secrets.at(name), spec: { kind: "secret" as const, secret } }]),
    ...own.map((spec) => ({ address: diskAddress(name, spec.disk.name), spec })),
    ...(seed === undefined ? [] : [{ address: seeds.at(name), spec: { kind: "seed" as const, seed } }]),
    { address: guests.at(name), spec: { kind: "domain", domain, disks: own } },
  ];
}

/** Config drives are kept with the disks where their driver can (Nova CFG-14), elsewhere as files. */
function keptBy(driver: string, settings: HostSettings): Pick<SeedSpec, "backend" | "place"> {
  const place = placeOf(driver, settings);
  return driver === plainFileDriver ? {} : { backend: driver, ...(place === undefined ? {} : { place }) };
}

function seedSpec(
  config: Config,
  instance: InstanceConfig,
  own: { project: string; name: string; uuid: string; index: number; interfaces: readonly InterfaceSpec[]; path: string },
): SeedSpec {
  const image = imageOf(config, instance);
  const keyPair = instance.key_pair;
  return {
    instance: own.name,
    uuid: own.uuid,
    path: own.path,
    format: typeof instance.config_drive === "object" ? instance.config_drive.format : "iso9660",
    hostname: instance.hostname ?? own.name,
    launchIndex: own.index,
    project: own.project,
    flavor: instance.flavor,
    metadata: instance.metadata ?? {},
    publicKeys: keyPair === undefined ? {} : { [keyPair]: declared(config.key_pairs, keyPair).public_key },
    userData: instance.user_data ?? null,
    adminPassword: instance.admin_password ?? null,
    interfaces: own.interfaces,
    kernel: image.kernel !== undefined,
    ramdisk: image.ramdisk !== undefined,
  };
}

function domainSpec(given: {
  config: Config;
  settings: HostSettings;
  facts: HostFacts;
  instance: InstanceConfig;
  image: Partial<ImageConfig>;
  flavor: FlavorConfig;
  project: string;
  name: string;
  uuid: string;
  interfaces: readonly InterfaceSpec[];
  disks: readonly DiskSpec[];
  seed: SeedSpec | undefined;
}): DomainSpec {
  const { config, settings, facts, instance, image, flavor, disks, seed } = given;
  const rescue = rescueOf(config, instance);
  // Nova BLK-11: without stable devices the hardware is what the system of the rescue image knows.
  const properties = (rescue?.stable === false ? rescue : image).properties ?? {};
  const layout = createLayout(settings.instancesPath);
  const virtType = settings.virtType === "kvm" || (settings.virtType === "auto" && facts.kvm) ? "kvm" : "qemu";
  const machine = machineType(properties, facts);
  const rescueDisk = disks.find((disk) => disk.role === "rescue");
  const volumes = (instance.volumes ?? []).map(({ volume, device, boot_index: bootIndex = -1 }) => {
    const { disk } = desiredVolume(config, settings, facts, volume);
    const serial = disk.uuid.replaceAll("-", "").slice(0, 20);
    const named = device === undefined ? {} : { device };
    return { name: volumeAddresses.at(volume), attachment: attachmentOf(disk, { settings, facts }), serial, bootIndex, ...named };
  });
  const rootVolume = volumes.find(({ name }) => instance.image === undefined && name === volumeAddresses.at(rootVolumeOf(instance) ?? ""));
  const rootDisk = disks.find((disk) => disk.role === "root");
  const root =
    rootDisk === undefined ? rootVolume : { attachment: attachmentOf(rootDisk, { settings, facts }), iso: image.disk_format === "iso" };
  if (root === undefined) throw new Error(`instance ${given.name} has no root disk`);
  const domain: DomainSpec = {
    instance: given.name,
    uuid: given.uuid,
    project: given.project,
    powerState: instance.power_state ?? "running",
    preventDestroy: instance.prevent_destroy ?? false,
    virtType,
    arch: facts.arch,
    machine,
    vcpus: flavor.vcpus,
    memory: flavor.ram,
    osType: properties["os_type"] ?? "linux",
    cache: facts.disk.directIo ? "none" : "writeback",
    discard: config.host?.hw_disk_discard ?? "unmap",
    disks: deviceMap({
      arch: facts.arch,
      machine,
      properties,
      ...(rescue === undefined || rescueDisk === undefined
        ? {}
        : { rescue: { ...rescue, attachment: attachmentOf(rescueDisk, { settings, facts }) } }),
      root: { iso: false, ...root },
      others: disks
        .filter(({ role }) => role === "ephemeral" || role === "swap")
        .map((disk) => ({
          name: disk.name,
          attachment: attachmentOf(disk, { settings, facts }),
          bootIndex: bootIndexOf(instance, disk.name),
        })),
      volumes: volumes.filter((volume) => volume !== rootVolume),
      configDrive:
        seed === undefined
          ? null
          : {
              path: seed.path,
              format: seed.format,
              ...(seed.backend === undefined ? {} : { attachment: attachmentOf(driveDisk(seed, seed.backend), { settings, facts }) }),
            },
    }),
    interfaces: given.interfaces,
    kernel: null,
    rescue: rescue?.name ?? null,
    consoleLog: layout.instanceFile(given.uuid, instanceFiles.console),
    flavor: {
      name: instance.flavor,
      disk: flavor.disk,
      ephemeral: flavor.ephemeral ?? 0,
      swap: flavor.swap ?? 0,
    },
    image: instance.image ?? null,
    values: configuredValues(instance),
  };
  const commandLine = (rescue ?? image).properties?.["os_command_line"];
  return { ...domain, kernel: kernelBoot(disks, domain.disks, { rescue: rescue !== undefined, virtType, commandLine }) };
}

/** The disk that a config drive is. */
export function driveDisk({ instance, uuid, path, place }: SeedSpec, backend: string): DiskSpec {
  const name = instanceFiles.configDrive;
  return { instance, uuid, name, role: "drive", backend, path, ...(place === undefined ? {} : { place }), size: null, preallocate: "none" };
}

function attachmentOf(disk: DiskSpec, surroundings: Surroundings): DiskAttachment {
  return driverOf(disk.backend).attachment(disk, surroundings);
}

/** Bytes; null keeps the image's size (Nova BLD-14). */
function rootSize(flavor: FlavorConfig): number | null {
  return flavor.disk === 0 ? null : flavor.disk;
}

/** A disk with the size that its backend can give, which comes in steps where that has extents. */
function roundedUp(disk: DiskSpec, facts: HostFacts, settings: HostSettings): DiskSpec {
  return disk.size === null ? disk : { ...disk, size: roundUp(disk.backend, disk.size, facts, settings).bytes };
}

/** A disk with the place that the configuration gives it. */
function placed(disk: DiskSpec, settings: HostSettings): DiskSpec {
  const place = placeOf(disk.backend, settings);
  return place === undefined ? disk : { ...disk, place };
}
