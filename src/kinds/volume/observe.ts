import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observation } from "../../model/kind.ts";
import { instanceFiles } from "../../model/layout.ts";
import { damagedLabel } from "../directory/damaged-label.ts";
import { lookAtDisks } from "../disk/look.ts";
import { withPlace } from "../disk/place.ts";
import { volumes } from "../terms/volume-address.ts";
import { type VolumeDirectory, volumeDirectories } from "./label.ts";
import { recordedVolumes } from "./second-record.ts";
import { type VolumeState, volumeFileName, volumeUuid } from "./spec.ts";

/** Looks at all volumes of the host, one look for each driver. */
export async function observeVolumes(context: Context): Promise<Observation<VolumeState>> {
  const directories = await volumeDirectories(context);
  const owned = directories.flatMap(({ uuid, label }) =>
    label?.project === context.project
      ? [
          {
            address: volumes.at(label.volume),
            what: `volume ${label.volume}`,
            label: context.layout.volumeFile(uuid, instanceFiles.label),
            uuid,
            name: volumeFileName,
            path: context.layout.volumeFile(uuid, volumeFileName),
            applied: label.applied,
            kept: label,
          },
        ]
      : [],
  );
  const [look, recorded] = await Promise.all([lookAtDisks(context, owned), recordedVolumes(context, directories)]);
  const states = new Map<Address, VolumeState>();
  for (const { address, uuid, path, kept } of owned) {
    if (look.unread.includes(address)) continue;
    const { made, preventDestroy, volume: name } = kept;
    const disk = look.disks.get(`${uuid}/${volumeFileName}`);
    const applied = withPlace(kept.applied, context.settings);
    states.set(address, { kind: "volume", uuid, name, path, applied, made: made === true, preventDestroy: preventDestroy === true, disk });
  }
  for (const { uuid, volume: name, preventDestroy, applied } of recorded) {
    const path = context.layout.volumeFile(uuid, volumeFileName);
    const state = { uuid, name, path, applied: withPlace(applied, context.settings), made: true, preventDestroy, disk: undefined };
    states.set(volumes.at(name), { kind: "volume", ...state, unlabelled: true });
  }
  const damaged = directories.flatMap((directory) => damagedVolume(context, directory));
  const unread = [...look.unread, ...damaged.flatMap(({ address }) => address ?? [])];
  const unmanaged = directories
    .filter((directory) => directory.label?.project !== context.project && damagedVolume(context, directory).length === 0)
    .map(({ uuid, label, damage }) => ({
      what: "volume",
      name: label?.volume ?? uuid,
      ...(label === undefined ? {} : { owner: label.project }),
      ...(damage === undefined ? {} : { note: `its label ${damage.problem}` }),
    }));
  return { states, unmanaged, diagnostics: [...look.diagnostics, ...damaged], complete: unread.length === 0, unread };
}

/** A label of this project that cannot be used: it names the project, or the directory is the one of the volume that it names. */
function damagedVolume(context: Context, { uuid, damage }: VolumeDirectory): Diagnostic[] {
  if (damage?.name === undefined || !isOurs(context, uuid, damage.project, damage.name)) return [];
  const path = context.layout.volumeFile(uuid, instanceFiles.label);
  return [damagedLabel(path, damage, `volume ${damage.name}`, volumes.at(damage.name))];
}

function isOurs({ project }: Context, uuid: string, owner: string | undefined, name: string): boolean {
  return owner === project || (owner === undefined && volumeUuid(project, name) === uuid);
}
