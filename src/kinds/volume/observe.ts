import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observation } from "../../model/kind.ts";
import { instanceFiles, type Layout } from "../../model/layout.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { looseLayers } from "../chain/loose-layers.ts";
import { damagedLabel } from "../directory/damaged-label.ts";
import { recordedVolumes } from "../directory/second-record.ts";
import { type VolumeDirectory, volumeDirectories } from "../directory/volume-label.ts";
import { type LabelledDisk, observeDisks } from "../disk/observe.ts";
import type { DiskAddress } from "../terms/disk-address.ts";
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
    const { address, state } = knownOf(layout, uuid, volume, preventDestroy);
    return [{ ...state, address, what: state.owner.label, record }];
  });
  const [look, recorded, loose] = await Promise.all([
    observeDisks(context, owned),
    recordedVolumes(context, directories),
    looseLayers(
      context,
      owned.map(({ owner, path }) => ({ directory: owner.directory, disks: [path] })),
    ),
  ]);
  const found = [...look.states].map(([address, state]): [DiskAddress, OwnedDiskState] => {
    const layers = loose.get(state.path);
    return [address, layers === undefined ? state : { ...state, loose: layers }];
  });
  const missing = recorded.map(({ uuid, volume, preventDestroy, applied }): [DiskAddress, OwnedDiskState] => {
    const known = knownOf(layout, uuid, volume, preventDestroy);
    return [known.address, { ...known.state, applied, disk: undefined, unlabelled: true, lostBacking: null }];
  });
  const damaged = directories.flatMap((directory) => damagedVolume(context, directory));
  const unread = [...look.unread, ...damaged.flatMap(({ address }) => address ?? [])];
  const unmanaged = directories
    .filter((directory) => directory.label?.project !== context.project && damagedVolume(context, directory).length === 0)
    .map(({ uuid, label, damage }) => {
      const note = damage === undefined ? undefined : `its label ${damage.problem}`;
      return withoutUndefined({ what: "volume", name: label?.volume ?? uuid, owner: label?.project, note });
    });
  return {
    states: new Map([...found, ...missing]),
    unmanaged,
    diagnostics: [...look.diagnostics, ...damaged],
    complete: unread.length === 0,
    unread,
  };
}

/** What is known of a volume by its label or its second record alone. */
function knownOf(layout: Layout, uuid: string, volume: string, protects: boolean) {
  const owner = volumeOwner(layout, uuid, volume, protects);
  const path = layout.volumeFile(uuid, volumeFileName);
  const state = { kind: "volume", owner, uuid, name: volumeFileName, path, running: false, saved: false, defined: true } as const;
  return { address: volumes.at(volume), state };
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
