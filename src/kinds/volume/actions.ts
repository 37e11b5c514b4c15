import { baseOf, blankOf } from "../../drivers/content.ts";
import type { DiskRef, DiskSpec, OnlineDisk } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";
import type { ActiveLayer } from "../../drivers/shared/layer-growth.ts";
import { type ActionType, defineAction } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { instanceFiles, isStagedDisk } from "../../model/layout.ts";
import { retireDirectory, sweepRetired } from "../directory/retire-directory.ts";
import { refuseInUse } from "../disk/in-use.ts";
import { growDisk, makeDisk } from "../disk/owned.ts";
import type { DomainRef } from "../power/plan.ts";
import { grown } from "../terms/guest-address.ts";
import { volumeExists, volumeGone } from "../terms/volume-address.ts";
import { parseVolumeLabel, readVolumeLabel, volumeDirectories, writeVolumeLabel } from "./label.ts";
import { recordVolumes, unrecordVolume } from "./second-record.ts";
import type { AppliedVolume, VolumeSpec } from "./spec.ts";

type SpecArgs = Pick<VolumeSpec, "name" | "disk" | "fallback">;

/** The guest whose definition has the volume. */
interface UserArgs {
  readonly user?: DomainRef;
}

/** What the guest writes to in place of a volume. */
interface LayerArgs {
  readonly layer?: ActiveLayer;
}

/** Arguments of `volume.remove`. */
interface RemoveArgs extends DiskRef, UserArgs {
  readonly backend: string;
  /** Paths of the layers above the volume, the upper ones first: they are nothing without it. */
  readonly layers?: readonly string[];
}

/** What can be done to a volume. The label says what is meant before it is done, and goes last. */
export const volumeActions: readonly ActionType[] = [
  defineAction<SpecArgs>("volume.create", [volumeExists], async (context, { name, disk, fallback }, report) => {
    // A label that cannot be used is not written over.
    await readVolumeLabel(context, disk.uuid);
    const label = { volume: name, preventDestroy: disk.owner.protects, applied: appliedVolume(disk) };
    const write = (made: boolean) => () => writeVolumeLabel(context, disk.uuid, { ...label, made });
    await makeDisk(context, { disk, fallback }, { before: write(false), whole: write(true) }, report);
  }),
  defineAction<SpecArgs & UserArgs & LayerArgs & { online: OnlineDisk | null }>(
    "volume.grow",
    [volumeExists, grown],
    async (context, args) => {
      const { name, disk, online, user, layer = null } = args;
      const label = { volume: name, preventDestroy: disk.owner.protects, applied: appliedVolume(disk), made: true };
      await growDisk(context, disk, { online: online ?? undefined, user, checkpoint: false, layer }, () =>
        writeVolumeLabel(context, disk.uuid, label),
      );
    },
  ),
  defineAction<SpecArgs>("volume.label", [volumeExists], async (context, { name, disk }) => {
    const label = await readVolumeLabel(context, disk.uuid);
    const applied = label?.applied ?? appliedVolume(disk);
    await writeVolumeLabel(context, disk.uuid, { volume: name, preventDestroy: disk.owner.protects, applied, made: label?.made ?? true });
  }),
  defineAction<RemoveArgs>("volume.remove", [volumeGone], async (context, { user, layers = [], ...ref }) => {
    if (user !== undefined) await refuseInUse(context, user, ref, layers);
    await unrecordVolume(context, ref.uuid);
    for (const path of layers) await context.host.files.remove(path);
    await driverOf(ref.backend).remove(context, ref);
    const { layout } = context;
    const names = { directory: layout.volume(ref.uuid), doomed: layout.doomedVolume(ref.uuid) };
    await retireDirectory(context, { ...names, companions: [instanceFiles.diskInfo] });
  }),
];

/** What the label will record. */
export function appliedVolume(disk: DiskSpec): AppliedVolume {
  const [base, blank] = [baseOf(disk), blankOf(disk)];
  return {
    backend: disk.backend,
    ...(disk.place === null ? {} : { place: disk.place }),
    size: disk.size ?? 0,
    ...(blank === null ? {} : { filesystem: blank.filesystem }),
    ...(base === null ? {} : { image: base.image }),
  };
}

/** Clears away what an interrupted apply of this project left half made or half removed beside volumes. */
export async function sweepVolumes(context: Context): Promise<void> {
  const { host, layout } = context;
  await sweepRetired(context, layout.volumes, (label) => parseVolumeLabel(label)?.project === context.project);
  const written = [instanceFiles.label, instanceFiles.diskInfo];
  const directories = await volumeDirectories(context);
  await recordVolumes(context, directories);
  for (const { uuid, label } of directories) {
    if (label?.project !== context.project) continue;
    for (const { name, type } of await host.files.list(layout.volume(uuid))) {
      const temporary = name.endsWith(".tmp") && written.some((target) => name.startsWith(`${target}.`));
      if (temporary) await host.files.remove(layout.volumeFile(uuid, name));
      if (type === "directory" && isStagedDisk(name)) await host.files.removeTree(layout.volumeFile(uuid, name));
    }
  }
}
