import { createHash } from "node:crypto";

/** Every path that we use on a host. No other module spells one. */
export type Layout = ReturnType<typeof createLayout>;

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
  /** Ours: who owns the directory, and what was last applied to each object in it. */
  label: "virtform.json",
} as const;

/** The cache entry name of an image id: SHA-1 over its UTF-8 text (Nova LAY-03). */
export function cacheEntryName(imageId: string): string {
  return createHash("sha1").update(imageId).digest("hex");
}

/** The paths below one instances path. Pure: nothing is looked at. */
export function createLayout(instancesPath: string) {
  const root = instancesPath.replace(/\/+$/, "");
  const base = `${root}/_base`;
  return {
    root,
    base,
    locks: `${root}/locks`,
    journals: `${root}/journal`,
    baseImage: (entry: string) => `${base}/${entry}`,
    baseSidecar: (entry: string) => `${base}/${entry}.json`,
    basePart: (entry: string) => `${base}/${entry}.part`,
    baseConverted: (entry: string) => `${base}/${entry}.converted`,
    /** Nova LAY-13: `locks/nova-<entry>`; slashes become underscores. */
    lock: (name: string) => `${root}/locks/${name.replaceAll("/", "_")}`,
    /** Empty overlays kept as templates, by base entry and size. */
    templates: `${base}/templates`,
    /** Disks that outlive instances, each in a directory of its own. */
    volumes: `${root}/volumes`,
    volume: (uuid: string) => `${root}/volumes/${uuid}`,
    /** A volume's directory on its way out. */
    doomedVolume: (uuid: string) => `${root}/volumes/${uuid}_del`,
    volumeFile: (uuid: string, name: string) => `${root}/volumes/${uuid}/${name}`,
    instance: (uuid: string) => `${root}/${uuid}`,
    /** An instance directory on its way out (Nova LAY-12). */
    doomedInstance: (uuid: string) => `${root}/${uuid}_del`,
    instanceFile: (uuid: string, name: string) => `${root}/${uuid}/${name}`,
  };
}
