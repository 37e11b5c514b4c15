import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observation } from "../../model/kind.ts";
import { instanceFiles, type Layout } from "../../model/layout.ts";
import type { Sought } from "../../model/sought.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { looseLayers } from "../chain/loose-layers.ts";
import { damagedLabel } from "../directory/damaged-label.ts";
import type { VolumeDirectory, VolumeLabel } from "../directory/volume-label.ts";
import { type LabelledDisk, observeDisks } from "../disk/observe.ts";
import type { DiskAddress } from "../terms/disk-address.ts";
import { volumeOwner } from "../terms/disk-owner.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { identityFact } from "../terms/identity.ts";
import { volumes } from "../terms/volume-address.ts";
import { volumeNames } from "./names.ts";
import { volumeFileName } from "./spec.ts";

/** Looks at all volumes of the host, one look for each driver. */
export async function observeVolumes(context: Context, sought: Pick<Sought, "volumes"> = {}): Promise<Observation<OwnedDiskState>> {
  const { layout, project } = context;
  const { directories, recorded, names, renamed } = await volumeNames(context, sought);
  const owned = directories.flatMap(({ uuid, label }): LabelledDisk[] => {
    if (label?.project !== project) return [];
    const { volume, preventDestroy, record } = label;
    const { address, state } = knownOf(layout, uuid, { volume, preventDestroy, name: renamed.get(uuid) });
    return [{ ...state, address, what: state.owner.label, record }];
  });
  const [look, loose] = await Promise.all([
    observeDisks(context, owned),
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
    const known = knownOf(layout, uuid, { volume, preventDestroy, name: renamed.get(uuid) });
    return [known.address, { ...known.state, applied, disk: undefined, unlabelled: true, lostBacking: null }];
  });
  const damaged = directories.flatMap((directory) => {
    const { uuid } = directory;
    return damagedVolume(context, directory, renamed.get(uuid) ?? names.get(uuid));
  });
  const unread = [...look.unread, ...damaged.flatMap(({ address }) => address ?? [])];
  const unmanaged = directories
    .filter(({ uuid }) => !names.has(uuid))
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
    identities: Object.fromEntries(
      [...names].map(([uuid, volume]) => {
        const name = renamed.get(uuid) ?? volume;
        return [volumes.at(name), identityFact(name, uuid, name, name === volume ? undefined : volume)];
      }),
    ),
  };
}

/** A volume as its label or its second record names it, and the other name that the configuration has for it. */
interface NamedVolume extends Pick<VolumeLabel, "volume" | "preventDestroy"> {
  readonly name: string | undefined;
}

/** What is known of a volume by its label or its second record alone. */
function knownOf(layout: Layout, uuid: string, { volume, preventDestroy, name }: NamedVolume) {
  const owner = volumeOwner(layout, uuid, name ?? volume, preventDestroy);
  const path = layout.volumeFile(uuid, volumeFileName);
  const known = { kind: "volume", owner, uuid, name: volumeFileName, path, running: false, saved: false, defined: true } as const;
  return { address: volumes.at(name ?? volume), state: { ...known, ...(name === undefined ? {} : { earlier: volume }) } };
}

/** A label of this project that cannot be used. */
function damagedVolume({ layout, project }: Context, { uuid, damage }: VolumeDirectory, name: string | undefined): Diagnostic[] {
  if (damage?.project !== project || name === undefined) return [];
  return [damagedLabel(layout.volumeFile(uuid, instanceFiles.label), damage, `volume ${name}`, volumes.at(name))];
}
