import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observation } from "../../model/kind.ts";
import { instanceFiles } from "../../model/layout.ts";
import { damagedLabel } from "../directory/damaged-label.ts";
import { type VolumeDirectory, volumeDirectories } from "../directory/volume-label.ts";
import { type LabelledDisk, observeDisks } from "../disk/observe.ts";
import { volumeOwner } from "../terms/disk-owner.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { volumes } from "../terms/volume-address.ts";
import { volumeFileName, volumeUuid } from "./spec.ts";

/** Looks at all volumes of the host, one look for each driver. */
export async function observeVolumes(context: Context): Promise<Observation<OwnedDiskState>> {
  const { layout, project } = context;
  const directories = await volumeDirectories(context);
  const owned = directories.flatMap(({ uuid, label }): LabelledDisk[] => {
    if (label?.project !== project) return [];
    const { volume, preventDestroy, record } = label;
    const owner = volumeOwner(layout, uuid, volume, preventDestroy);
    const path = layout.volumeFile(uuid, volumeFileName);
    const known = { kind: "volume", owner, uuid, name: volumeFileName, path, running: false, saved: false, defined: true } as const;
    return [{ ...known, address: volumes.at(volume), what: owner.label, record }];
  });
  const look = await observeDisks(context, owned);
  const damaged = directories.flatMap((directory) => damagedVolume(context, directory));
  const unread = [...look.unread, ...damaged.flatMap(({ address }) => address ?? [])];
  const unmanaged = directories
    .filter((directory) => directory.label?.project !== context.project && damagedVolume(context, directory).length === 0)
    .map(({ uuid, label, damage }) => ({
      what: "volume",
      name: label?.volume ?? uuid,
      ...(label === undefined ? {} : { owner: label.project }),
      ...(damage === null ? {} : { note: `its label ${damage.problem}` }),
    }));
  return { states: look.states, unmanaged, diagnostics: [...look.diagnostics, ...damaged], complete: unread.length === 0, unread };
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
