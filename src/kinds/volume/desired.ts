import { placeOf, roundUp } from "../../drivers/index.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import { createLayout } from "../../model/layout.ts";
import type { Resource } from "../../model/resource.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config } from "../config.ts";
import { baseRef } from "../image/base-ref.ts";
import { cloneFallback } from "../image/clone-fallback.ts";
import { volumes } from "../terms/volume-address.ts";
import { type VolumeSpec, volumeFileName, volumeUuid } from "./spec.ts";

/** Labels of filesystems are short: FAT has 11 characters, XFS 12. */
const longestLabel = 11;

/** Every volume of the configuration. */
export function desiredVolumes(config: Config, settings: HostSettings, facts: HostFacts): Resource<VolumeSpec>[] {
  return Object.keys(config.volumes ?? {}).map((name) => ({
    address: volumes.at(name),
    spec: desiredVolume(config, settings, facts, name),
  }));
}

/** One declared volume with all defaults filled. Throws for one that is not declared: a bug in the caller. */
export function desiredVolume(config: Config, settings: HostSettings, facts: HostFacts, name: string): VolumeSpec {
  const volume = config.volumes?.[name];
  if (volume === undefined) throw new Error(`unchecked reference: ${name}`);
  const uuid = volumeUuid(config.project ?? "default", name);
  const backend = volume.images_type ?? settings.imagesType;
  const { size } = volume;
  const image = volume.image === undefined ? undefined : config.images?.[volume.image];
  const place = placeOf(backend, settings);
  const disk: VolumeSpec["disk"] = {
    instance: `volume ${name}`,
    uuid,
    name: volumeFileName,
    role: "volume",
    backend,
    path: createLayout(settings.instancesPath).volumeFile(uuid, volumeFileName),
    ...(place === undefined ? {} : { place }),
    size: roundUp(backend, size, facts, settings).bytes,
    preallocate: settings.preallocateImages,
    ...(volume.image === undefined || image === undefined ? {} : { base: baseRef(settings, volume.image, image, false) }),
    ...(volume.format === undefined ? {} : { content: { filesystem: volume.format, label: name.slice(0, longestLabel) } }),
  };
  return { kind: "volume", name, preventDestroy: volume.prevent_destroy ?? false, disk, ...cloneFallback(config, facts, disk) };
}
