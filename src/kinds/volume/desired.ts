import { placeOf, roundUp } from "../../drivers/index.ts";
import { layoutOf } from "../../model/layout.ts";
import type { Resource } from "../../model/resource.ts";
import { longestLabel } from "../config/blank-disks.ts";
import { declared } from "../config/declared.ts";
import type { Wanted } from "../config/wanted.ts";
import { baseRef } from "../image/base-ref.ts";
import { cloneFallback } from "../image/clone-fallback.ts";
import { expectedBase } from "../image/expected-base.ts";
import { secretUuid } from "../secret/secret.ts";
import { volumeOwner } from "../terms/disk-owner.ts";
import { identityOf } from "../terms/identity.ts";
import { volumes } from "../terms/volume-address.ts";
import { type VolumeSpec, volumeFileName } from "./spec.ts";

/** Every volume of the configuration. */
export function desiredVolumes(wanted: Wanted): Resource<VolumeSpec>[] {
  return Object.keys(wanted.config.volumes ?? {}).map((name) => ({
    address: volumes.at(name),
    spec: desiredVolume(wanted, name),
  }));
}

/** One declared volume with all defaults filled. Throws for one that is not declared: a bug in the caller. */
export function desiredVolume(wanted: Wanted, name: string): VolumeSpec {
  const { config, settings, facts } = wanted;
  const volume = declared(config.volumes, name);
  const { uuid } = identityOf("volume", { project: config.project ?? "default", name, address: volumes.at(name) }, facts);
  const backend = volume.images_type ?? settings.imagesType;
  const { size } = volume;
  const layout = layoutOf(settings);
  const disk: VolumeSpec["disk"] = {
    owner: volumeOwner(layout, uuid, name, volume.prevent_destroy ?? false),
    uuid,
    name: volumeFileName,
    role: "volume",
    backend,
    path: layout.volumeFile(uuid, volumeFileName),
    place: placeOf(backend, settings),
    size: roundUp(backend, size, facts, settings).bytes,
    content:
      volume.image === undefined
        ? {
            kind: "blank",
            blank:
              volume.format === undefined
                ? null
                : { filesystem: volume.format, label: name.slice(0, longestLabel), usual: false, name: null },
          }
        : { kind: "base", base: baseRef(wanted, volume.image, false) },
    preallocate: settings.preallocateImages,
    encryption: volume.encryption === undefined ? null : { passphrase: volume.encryption.passphrase, secretUuid: secretUuid(uuid) },
  };
  return { kind: "volume", domain: null, disk, fallback: cloneFallback(wanted, disk), expected: expectedBase(wanted, disk) };
}
