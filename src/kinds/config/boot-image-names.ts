import type { Config, ImageConfig } from "../config.ts";

/** Names of images that are kernels or ramdisks, and of which no disk is made. */
export function bootImageNames({ images = {}, instances = {}, volumes = {} }: Config): ReadonlySet<string> {
  const rescues = Object.values(instances).map(({ rescue }) => (typeof rescue === "object" ? rescue.image : undefined));
  const disks = new Set([...[...Object.values(instances), ...Object.values(volumes)].map(({ image }) => image), ...rescues]);
  const named = new Set(Object.values(images).flatMap(({ kernel, ramdisk }) => [kernel ?? [], ramdisk ?? []].flat()));
  const isOne = ([name, { disk_format }]: [string, ImageConfig]) => named.has(name) || disk_format === "aki" || disk_format === "ari";
  return new Set(Object.entries(images).flatMap((entry) => (!disks.has(entry[0]) && isOne(entry) ? [entry[0]] : [])));
}
