import { createHash } from "node:crypto";
import type { HostSettings } from "./settings.ts";

/** Every path that we use on a host. No other module spells one. */
export type Layout = ReturnType<typeof layoutBelow>;

/** Names of the files of one instance (Nova LAY-09 … LAY-11). */
export const instanceFiles = {
  root: "disk",
  local: "disk.local",
  swap: "disk.swap",
  configDrive: "disk.config",
  kernel: "kernel",
  ramdisk: "ramdisk",
  /** Beside the instance's own while it is in rescue (Nova LAY-10). */
  rescue: "disk.rescue",
  rescueKernel: "kernel.rescue",
  rescueRamdisk: "ramdisk.rescue",
  diskInfo: "disk.info",
  xml: "libvirt.xml",
  console: "console.log",
  /** UEFI variables of the guest. libvirt makes the file at the first start. */
  nvram: "nvram.fd",
  /** Ours: who owns the directory, and what was last applied to each object in it. */
  label: "virtform.json",
} as const;

/** The cache entry name of an image id: SHA-1 over its UTF-8 text (Nova LAY-03). */
export function cacheEntryName(imageId: string): string {
  return createHash("sha1").update(imageId).digest("hex");
}

/** Name of the image cache in the instances path where no other is set (Nova LAY-02). */
export const usualCacheName = "_base";

/** The name of something in the making: it gets its final name when it is whole. `token`: so that no two makers share the name. */
export function stagedPath(final: string, token?: string): string {
  return `${final}${token === undefined ? "" : `.${token}`}.part`;
}

/** Of something in the making that is taken from a guest that runs: what libvirt copies, and what a kill leaves to be undone on the guest. */
export function runningCopyOf(staged: string): { readonly copy: string; readonly record: string } {
  return { copy: `${staged}.copy`, record: `${staged}.copy.json` };
}

/** Whether a name in the instances path, or among the volumes, is that of an object's directory: its uuid. */
export function isUuidDirectory(name: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name);
}

/** Whether a file name in an instance directory is that of a disk in the making. */
export function isStagedDisk(name: string): boolean {
  return /^disk(\.[a-z0-9]+)?\.part$/.test(name);
}

/** Whether a name in the cache is that of a companion of a base image, or of an empty disk in the making. */
export function isBaseCompanion(name: string): boolean {
  return /^([0-9a-f]{40}\.(json|part|unpacked|member|converted)(\..*)?|(ephemeral|swap)_\d+[KMGTP]?i?B_.*[0-9a-f]{7}\.part)$/.test(name);
}

/** The entry of a grown copy of a base image (Nova LAY-06), whole or in the making, by its name; undefined for other names. */
export function grownCopyOf(name: string): string | undefined {
  return /^([0-9a-f]{40})_(?:\d+|sm)(?:\.part)?$/.exec(name)?.[1];
}

/** The entry of a file in the cache that an interrupted maker may have left, and whether it is a sidecar; undefined for other names. */
export function leftoverOf(name: string): { readonly entry: string; readonly sidecar: boolean } | undefined {
  const [, entry, ending] =
    /^([0-9a-f]{40}|(?:ephemeral|swap)_\d+[KMGTP]?i?B_.+)\.(part|part\.json|part\.copy|part\.copy\.json|unpacked|member|converted|json)$/.exec(
      name,
    ) ??
    /^([0-9a-f]{40})_\d+\.part$/.exec(name) ??
    // Of a sidecar or a record that was being written: its writer holds the lock of the entry.
    /^([0-9a-f]{40})\.(?:part\.copy\.)?json\..+\.tmp$/.exec(name) ??
    [];
  return entry === undefined ? undefined : { entry, sidecar: ending === "json" };
}

/** The entry of a template in the making, by its name; undefined for other names. */
export function stagedTemplateOf(name: string): string | undefined {
  return /^([0-9a-f]{40}|(?:ephemeral|swap)_\d+[KMGTP]?i?B_.+)_\d+\.[0-9a-f]+\.part$/.exec(name)?.[1];
}

/**
 * The name of a log from before the last starts, 1 being the latest. libvirt's log daemon removes the plain numbers, `PATH.0` and so on, with
 * each new log.
 */
export function rotatedName(path: string, number: number): string {
  return `${path}.previous-${number}`;
}

const layouts = new Map<string, Layout>();

/** The paths on a host with these settings. Pure. */
export function layoutOf({ instancesPath, imageCacheName }: Pick<HostSettings, "instancesPath" | "imageCacheName">): Layout {
  return createLayout(instancesPath, imageCacheName);
}

/**
 * The paths below one instances path, with the image cache in the directory of this name. Pure: nothing is looked at. Remembered, because every disk of every
 * guest asks for it.
 */
export function createLayout(instancesPath: string, cacheName: string = usualCacheName): Layout {
  const key = `${cacheName} ${instancesPath}`;
  const known = layouts.get(key);
  if (known !== undefined) return known;
  const layout = layoutBelow(instancesPath, cacheName);
  layouts.set(key, layout);
  return layout;
}

function layoutBelow(instancesPath: string, cacheName: string) {
  const root = instancesPath.replace(/\/+$/, "");
  const base = `${root}/${cacheName}`;
  return {
    root,
    /** The image cache, and its name in the instances path. */
    base,
    cacheName,
    locks: `${root}/locks`,
    journals: `${root}/journal`,
    /** How fast the host was in earlier applies, beside their journals. */
    rates: `${root}/journal/rates.json`,
    /** Which configuration a project belongs to. */
    projectClaim: (project: string) => `${root}/locks/project-${project}.json`,
    baseImage: (entry: string) => `${base}/${entry}`,
    baseSidecar: (entry: string) => `${base}/${entry}.json`,
    basePart: (entry: string) => stagedPath(`${base}/${entry}`),
    /** How an interrupted download of it is continued. */
    basePartRecord: (entry: string) => `${stagedPath(`${base}/${entry}`)}.json`,
    /** What is inside a compressed image. */
    baseUnpacked: (entry: string) => `${base}/${entry}.unpacked`,
    /** The disk that was taken out of an archive. */
    baseMember: (entry: string) => `${base}/${entry}.member`,
    baseConverted: (entry: string) => `${base}/${entry}.converted`,
    /** Nova LAY-13: `locks/nova-<entry>`; slashes become underscores. */
    lock: (name: string) => `${root}/locks/${name.replaceAll("/", "_")}`,
    /** Empty overlays kept as templates, by base entry and size. */
    templates: `${base}/templates`,
    template: (entry: string, size: number) => `${base}/templates/${entry}_${size}`,
    /** Disks that outlive instances, each in a directory of its own. */
    volumes: `${root}/volumes`,
    volume: (uuid: string) => `${root}/volumes/${uuid}`,
    /** A volume's directory on its way out. */
    doomedVolume: (uuid: string) => `${root}/volumes/${uuid}_del`,
    volumeFile: (uuid: string, name: string) => `${root}/volumes/${uuid}/${name}`,
    /**
     * Second records of what is below the instances path, in the state directory of the host: a file system that is not mounted does not hide
     * them together with what they are about.
     */
    records: (stateDirectory: string) => `${stateDirectory}/records/${createHash("sha256").update(root).digest("hex").slice(0, 16)}`,
    /** What running applies of all projects and instances paths of the host claim of it. */
    ledger: (stateDirectory: string) => `${stateDirectory}/capacity.json`,
    instance: (uuid: string) => `${root}/${uuid}`,
    /** An instance directory on its way out (Nova LAY-12). */
    doomedInstance: (uuid: string) => `${root}/${uuid}_del`,
    instanceFile: (uuid: string, name: string) => `${root}/${uuid}/${name}`,
  };
}
