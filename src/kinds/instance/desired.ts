import { createHash } from "node:crypto";
import { backendOf } from "../../disks/index.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import { createLayout, instanceFiles } from "../../model/layout.ts";
import { bytesOf } from "../../model/quantity.ts";
import type { Resource } from "../../model/resource.ts";
import type { HostSettings } from "../../model/settings.ts";
import { uuidV5 } from "../../model/uuid.ts";
import type { Config, FlavorConfig, ImageConfig, InstanceConfig } from "../config.ts";
import { baseRef } from "./base-ref.ts";
import { deviceMap } from "./device-map.ts";
import type { InstanceDisk } from "./disk.ts";
import { diskAddress, diskFileName } from "./disk-role.ts";
import type { DiskSpec, DomainSpec, InterfaceSpec, SeedSpec } from "./spec.ts";

/** Anything of an instance as it should be. */
export type InstanceSpec =
  | InstanceDisk
  | { readonly kind: "seed"; readonly seed: SeedSpec }
  | { readonly kind: "domain"; readonly domain: DomainSpec };

/** Every disk, config drive and domain of every instance of the configuration, with all defaults filled. */
export function desiredInstances(config: Config, settings: HostSettings, facts: HostFacts): Resource<InstanceSpec>[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]) =>
    instanceNames(name, instance.count).flatMap((copy, index) => oneInstance(config, settings, facts, instance, copy, index)),
  );
}

/** `web` without a count, `web-0`, `web-1` … with one, even when it is 1. */
export function instanceNames(name: string, count: number | undefined): string[] {
  return count === undefined ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index}`);
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
  const image = declared(config.images, instance.image);
  const flavor = declared(config.flavors, instance.flavor);
  const layout = createLayout(settings.instancesPath);
  const interfaces = interfacesOf(instance, image, project, name);

  const disk = (role: "root" | "kernel" | "ramdisk", imageName: string): DiskSpec => ({
    instance: name,
    uuid,
    name: diskFileName(role),
    role,
    // Nova LAY-19: kernel and ramdisk are plain files whatever the backend.
    backend: role === "root" ? (instance.images_type ?? settings.imagesType) : "flat",
    path: layout.instanceFile(uuid, diskFileName(role)),
    size: role === "root" ? rootSize(flavor) : null,
    base: baseRef(settings, imageName, declared(config.images, imageName), role !== "root"),
    preallocate: role === "root" ? settings.preallocateImages : "none",
  });
  const disks = [
    disk("root", instance.image),
    ...(image.kernel === undefined ? [] : [disk("kernel", image.kernel)]),
    ...(image.ramdisk === undefined ? [] : [disk("ramdisk", image.ramdisk)]),
  ];
  const seed =
    instance.config_drive === false
      ? undefined
      : seedSpec(config, instance, { project, name, uuid, index, interfaces, path: layout.instanceFile(uuid, instanceFiles.configDrive) });
  const domain = domainSpec({ settings, facts, instance, image, flavor, project, name, uuid, interfaces, disks, seed });
  return [
    ...disks.map((spec) => ({ address: diskAddress(name, spec.role), spec: { kind: "disk" as const, disk: spec, domain } })),
    ...(seed === undefined ? [] : [{ address: `seed/${name}` as const, spec: { kind: "seed" as const, seed } }]),
    { address: `domain/${name}`, spec: { kind: "domain", domain } },
  ];
}

function seedSpec(
  config: Config,
  instance: InstanceConfig,
  own: { project: string; name: string; uuid: string; index: number; interfaces: readonly InterfaceSpec[]; path: string },
): SeedSpec {
  const image = declared(config.images, instance.image);
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
  settings: HostSettings;
  facts: HostFacts;
  instance: InstanceConfig;
  image: ImageConfig;
  flavor: FlavorConfig;
  project: string;
  name: string;
  uuid: string;
  interfaces: readonly InterfaceSpec[];
  disks: readonly DiskSpec[];
  seed: SeedSpec | undefined;
}): DomainSpec {
  const { settings, facts, instance, image, flavor, disks, seed } = given;
  const properties = image.properties ?? {};
  const layout = createLayout(settings.instancesPath);
  const virtType = settings.virtType === "kvm" || (settings.virtType === "auto" && facts.kvm) ? "kvm" : "qemu";
  const machine = machineType(properties, facts);
  const path = (role: DiskSpec["role"]) => disks.find((disk) => disk.role === role)?.path;
  const kernel = path("kernel");
  const root = disks.find((disk) => disk.role === "root");
  if (root === undefined) throw new Error(`instance ${given.name} has no root disk`);
  return {
    instance: given.name,
    uuid: given.uuid,
    project: given.project,
    powerState: instance.power_state ?? "running",
    preventDestroy: instance.prevent_destroy ?? false,
    virtType,
    arch: facts.arch,
    machine,
    vcpus: flavor.vcpus,
    memory: bytesOf(flavor.ram),
    osType: properties["os_type"] ?? "linux",
    cache: facts.disk.directIo ? "none" : "writeback",
    disks: deviceMap({
      arch: facts.arch,
      machine,
      properties,
      root: { attachment: backendOf(root.backend).attachment(root), iso: image.disk_format === "iso" },
      configDrive: seed === undefined ? null : { path: seed.path, format: seed.format },
    }),
    interfaces: given.interfaces,
    kernel:
      kernel === undefined
        ? null
        : { path: kernel, ramdisk: path("ramdisk") ?? null, commandLine: properties["os_command_line"] ?? commandLine(virtType) },
    consoleLog: layout.instanceFile(given.uuid, instanceFiles.console),
    flavor: { name: instance.flavor, disk: bytesOf(flavor.disk), ephemeral: 0, swap: 0 },
    image: instance.image,
  };
}

/** Nova XML-05: the image's machine type, else the modern one of the architecture. */
export function machineType(properties: Readonly<Record<string, string>>, facts: HostFacts): string {
  return properties["hw_machine_type"] ?? (facts.arch === "x86_64" ? "q35" : facts.arch === "i686" ? "pc" : "virt");
}

/** Nova XML-06: what a kernel is told when the image does not say. */
function commandLine(virtType: "kvm" | "qemu"): string {
  const words = "root=/dev/vda console=tty0 console=ttyS0 console=hvc0";
  return virtType === "qemu" ? `${words} no_timer_check` : words;
}

/** Bytes; null keeps the image's size (Nova BLD-14). */
function rootSize(flavor: FlavorConfig): number | null {
  const size = bytesOf(flavor.disk);
  return size === 0 ? null : size;
}

function interfacesOf(instance: InstanceConfig, image: ImageConfig, project: string, name: string): InterfaceSpec[] {
  return (instance.networks ?? []).map((network, index) => ({
    type: network.network !== undefined ? "network" : network.bridge !== undefined ? "bridge" : "user",
    source: network.network ?? network.bridge ?? "",
    mac: network.mac ?? derivedMac(`${project}/${name}/${index}`),
    model: network.model ?? image.properties?.["hw_vif_model"] ?? "virtio",
  }));
}

/** In qemu's own range, and the same for the same interface on every run. */
function derivedMac(identity: string): string {
  const digest = createHash("sha256").update(identity).digest("hex");
  return `52:54:00:${digest.slice(0, 2)}:${digest.slice(2, 4)}:${digest.slice(4, 6)}`;
}

/** What a checked reference refers to. Throws for an unchecked one: a bug in the caller. */
function declared<T>(section: Readonly<Record<string, T>> | undefined, name: string): T {
  const found = section?.[name];
  if (found === undefined) throw new Error(`unchecked reference: ${name}`);
  return found;
}
