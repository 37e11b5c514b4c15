import { allDrivers, defaultDriver, plainFileDriver } from "../../drivers/index.ts";
import { UserError } from "../../model/errors.ts";
import { usualCacheName } from "../../model/layout.ts";
import type { HostSettings } from "../../model/settings.ts";
import { glanceSettings } from "../../sources/glance/settings.ts";
import { guestfsPackage } from "../../tools/guestfs/python.ts";
import { mkfsPrograms } from "../../tools/mkfs.ts";
import { rootArchivePackages } from "../../tools/root-archive-packages.ts";
import { cloneAddresses } from "../config/clone-addresses.ts";
import { filtersTraffic } from "../config/port-filter-of.ts";
import { unmountableDrivers } from "../config/unmountable-drivers.ts";
import { usedDecompressors } from "../config/used-decompressors.ts";
import { usedFilesystems } from "../config/used-filesystems.ts";
import { usedMachines } from "../config/used-machines.ts";
import { usedNetworks } from "../config/used-networks.ts";
import { usesRootArchives } from "../config/uses-root-archives.ts";
import type { Config } from "../config.ts";

/** Who runs virtform: decides which libvirt is meant when none is named, and where its files go. */
export interface Runner {
  readonly root: boolean;
  /** `$XDG_DATA_HOME`, or `~/.local/share`. */
  readonly dataHome: string;
}

/**
 * The `host:` section with its defaults. Root's guests live in the system libvirt and below /var/lib; those of another user in
 * the user's own session and home, where no rights are needed.
 */
export function hostSettings(config: Config, runner: Runner): HostSettings {
  const host = config.host ?? {};
  const containers = host.virt_type === "lxc";
  const uri = host.uri ?? (containers ? "lxc:///system" : runner.root ? "qemu:///system" : "qemu:///session");
  const usedDrivers = driversOf(config);
  const home = containers
    ? containersPath
    : uri.endsWith("/session")
      ? `${runner.dataHome}/virtform/instances`
      : "/var/lib/virtform/instances";
  return {
    uri,
    instancesPath: host.instances_path ?? home,
    imageCacheName: host.image_cache_subdirectory_name === usualCacheName ? undefined : host.image_cache_subdirectory_name,
    role: host.role ?? "admin",
    eventHook: host.event_hook,
    virtType: host.virt_type ?? "auto",
    imagesType: usualDriver(config),
    forceRawImages: host.force_raw_images ?? true,
    preallocateImages: host.preallocate_images ?? "none",
    reserved: { memory: host.reserved?.memory ?? 512 * 2 ** 20, disk: host.reserved?.disk ?? 0 },
    allocationRatio: {
      vcpus: host.allocation_ratio?.vcpus ?? 4,
      memory: host.allocation_ratio?.memory ?? 1,
      disk: host.allocation_ratio?.disk ?? 1,
    },
    limits: host.limits,
    usedDrivers,
    programs: programsOf(config),
    machines: containers ? [] : usedMachines(config),
    networks: usedNetworks(config),
    filtersTraffic: filtersTraffic(config),
    drivers: { ...driverSettings(config, usedDrivers), ...(config.glance === undefined ? {} : { glance: glanceSettings(config.glance) }) },
    cloneSources: cloneSourcesOf(config),
  };
}

/** The programs that the plan looks for on the host, each once. */
function programsOf(config: Config): string[] {
  return [
    ...new Set([
      ...mkfsPrograms(usedFilesystems(config)),
      ...usedDecompressors(config),
      ...(usesRootArchives(config) ? Object.keys(rootArchivePackages) : []),
      ...(injects(config) ? [guestfsPackage] : []),
    ]),
  ];
}

/** As long as the path of containers can be (`checkContainers`). */
const containersPath = "/var/lib/virtform/lxc";

/** The driver of disks that name none. Containers run from raw files alone. */
function usualDriver({ host = {} }: Config): string {
  return host.images_type ?? (host.virt_type === "lxc" ? plainFileDriver : defaultDriver);
}

/** Whether something is injected into a root disk. */
function injects(config: Config): boolean {
  return Object.values(config.instances ?? {}).some(
    ({ inject, image, count }) => inject !== undefined && image !== undefined && count !== 0,
  );
}

function driversOf(config: Config): string[] {
  const usual = usualDriver(config);
  const users = [...Object.values(config.instances ?? {}), ...Object.values(config.volumes ?? {})];
  return [...new Set([...users.map((user) => user.images_type ?? usual), usual])];
}

/** Settings of each driver that has a section, or is used and needs one. */
function driverSettings(config: Config, used: readonly string[]): Readonly<Record<string, unknown>> {
  const sections = (config.host ?? {}) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    allDrivers().flatMap(({ name, settings }): [string, unknown][] => {
      const section = sections[name];
      if (settings === undefined || (section === undefined && !used.includes(name))) return [];
      // Settings would not make a driver possible that containers cannot use.
      const refused = section === undefined && config.host?.virt_type === "lxc" ? unmountableDrivers(config, usualDriver(config)) : [];
      if (refused.length > 0) throw new UserError(refused);
      return [[name, settings.read(section)]];
    }),
  );
}

function cloneSourcesOf({ images = {} }: Config): string[] {
  return [...new Set(Object.values(images).flatMap(cloneAddresses))];
}
