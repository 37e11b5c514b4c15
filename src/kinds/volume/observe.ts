import type { DiskState } from "../../drivers/driver.ts";
import { driverNames, driverOf } from "../../drivers/index.ts";
import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Observation } from "../../model/kind.ts";
import { withPlace } from "../disk/place.ts";
import { volumes } from "../terms/volume-address.ts";
import { volumeDirectories } from "./label.ts";
import { type VolumeState, volumeFileName } from "./spec.ts";
import { volumeContext } from "./volume-context.ts";

/** Looks at all volumes of the host, one look for each backend. */
export async function observeVolumes(context: Context): Promise<Observation<VolumeState>> {
  const directories = await volumeDirectories(context);
  const owned = directories.flatMap(({ uuid, label }) =>
    label?.project === context.project
      ? [
          {
            uuid,
            label,
            name: volumeFileName,
            path: context.layout.volumeFile(uuid, volumeFileName),
            applied: withPlace(label.applied, context.settings),
          },
        ]
      : [],
  );
  const found = await Promise.all(
    driverNames().map(async (backend): Promise<ReadonlyMap<string, DiskState>> => {
      const mine = owned
        .filter(({ applied }) => applied.backend === backend)
        .map(({ applied: { place }, ...ref }) => ({ ...ref, ...(place === undefined ? {} : { place }) }));
      return mine.length === 0 ? new Map() : driverOf(backend).list(volumeContext(context), mine);
    }),
  );
  const disks = new Map(found.flatMap((map) => [...map]));
  const states = new Map<Address, VolumeState>();
  for (const { uuid, label, path, applied } of owned) {
    const { made, preventDestroy } = label;
    const disk = disks.get(`${uuid}/${volumeFileName}`);
    states.set(volumes.at(label.volume), { kind: "volume", uuid, name: label.volume, path, applied, made, preventDestroy, disk });
  }
  const unmanaged = directories.flatMap(({ uuid, label }) =>
    label?.project === context.project
      ? []
      : [{ what: "volume", name: label?.volume ?? uuid, ...(label === undefined ? {} : { owner: label.project }) }],
  );
  return { states, unmanaged, diagnostics: [], complete: true };
}
