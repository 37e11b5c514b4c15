import type { DiskRef, DiskSpec } from "../../drivers/driver.ts";
import { checkpointOf, driverOf } from "../../drivers/index.ts";
import type { ActiveLayer } from "../../drivers/shared/layer-growth.ts";
import { type ActionType, defineAction } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import type { Names } from "../../model/host.ts";
import { forgetObject, type LabelOwner, readLabel, recordObject, rememberedDomain } from "../directory/label.ts";
import { diskExists, diskGone, rolledBack } from "../terms/disk-address.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { grown } from "../terms/guest-address.ts";
import { appliedOf } from "./applied.ts";
import { rebuildAction } from "./backing.ts";
import type { AppliedDisk } from "./disk.ts";
import { refuseInUse } from "./in-use.ts";
import { keepsNothing } from "./lost.ts";
import { growDisk, makeDisk, type OwnedDisk } from "./owned.ts";
import type { RollBackArgs } from "./roll-back.ts";

interface GrowArgs {
  readonly disk: DiskSpec;
  readonly online: boolean;
  /** Keep what the disk was before. */
  readonly snapshot?: boolean;
  /** What the guest writes to in place of the disk. */
  readonly layer?: ActiveLayer;
}

/** Arguments of `disk.remove`. */
interface RemoveArgs extends DiskRef {
  readonly instance: string;
  readonly backend: string;
  /** Paths of the layers above the disk, the upper ones first: they are nothing without it. */
  readonly layers?: readonly string[];
}

/** What can be done to a disk. The label says what is meant before it is done, and forgets it after it is gone. */
export const diskActions: readonly ActionType[] = [
  defineAction<OwnedDisk>("disk.create", [diskExists], async (context, { disk, fallback }, report) => {
    const applied = appliedOf({ disk });
    const label = await readLabel(context, disk.uuid);
    const below = label !== undefined && rememberedDomain(label) !== undefined && !keepsNothing(disk.name);
    // Names become durable in the order in which they were given, and all of them before the domain is defined or started.
    const record = (applied: AppliedDisk, names: Names) => recordObject(context, ownerOf(disk), disk.name, { ...applied }, { names });
    const before = () => (below ? record({ ...applied, unfinished: true }, "now") : record(applied, "later"));
    const whole = async () => void (below && (await record(applied, "now")));
    await makeDisk(context, { disk, fallback }, { before, whole }, report);
  }),
  defineAction<GrowArgs>("disk.grow", [diskExists, grown], async (context, { disk, online, snapshot, layer = null }) => {
    const growth = { online: online ? { uuid: disk.uuid } : undefined, user: ownerOf(disk), checkpoint: snapshot === true, layer };
    await growDisk(context, disk, growth, () => recordObject(context, ownerOf(disk), disk.name, { ...appliedOf({ disk }) }));
  }),
  defineAction<RollBackArgs>("disk.roll_back", [diskExists, rolledBack], async (context, { disk, size }) => {
    await refuseInUse(context, ownerOf(disk), disk);
    await recordObject(context, ownerOf(disk), disk.name, { ...appliedOf({ disk }), size });
    await checkpointOf(disk.backend).rollBack(context, disk, size);
  }),
  defineAction<DiskRef & { backend: string }>("disk.confirm", [], (context, { backend, ...ref }) =>
    checkpointOf(backend).drop(context, ref),
  ),
  rebuildAction,
  defineAction<RemoveArgs>("disk.remove", [diskGone], async (context, { layers = [], ...ref }) => {
    await refuseInUse(context, ref, ref, layers);
    await markRemoval(context, ref, layers);
    for (const path of layers) await context.host.files.remove(path);
    await driverOf(ref.backend).remove(context, ref);
    await forgetObject(context, ref, ref.name);
  }),
];

/** The instance that a disk belongs to, as its label and libvirt name it. */
function ownerOf({ uuid, owner }: DiskSpec): LabelOwner {
  return { uuid, instance: ownerName(owner) };
}

/** A disk that is removed by consent is not lost if the run is killed here. Without a domain nothing counts as lost. */
async function markRemoval(context: Context, ref: DiskRef & { instance: string }, layers: readonly string[]): Promise<void> {
  const label = await readLabel(context, ref.uuid);
  const applied = label?.objects[ref.name];
  const isLossless = label === undefined || rememberedDomain(label) === undefined || keepsNothing(ref.name);
  if (isLossless && layers.length === 0) return;
  if (typeof applied !== "object" || applied === null || Array.isArray(applied)) return;
  // The definition that names the layers is gone already: the next run finds them here.
  await recordObject(context, ref, ref.name, { ...applied, unfinished: true, ...(layers.length === 0 ? {} : { layers }) });
}
