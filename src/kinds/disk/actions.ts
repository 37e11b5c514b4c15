import { baseOf, injectedInto } from "../../drivers/content.ts";
import type { DiskOwner, DiskRef, DiskSpec, OnlineDisk } from "../../drivers/driver.ts";
import { checkpointOf, driverOf } from "../../drivers/index.ts";
import { type ActiveLayer, growLayer } from "../../drivers/shared/layer-growth.ts";
import { type ActionType, defineAction } from "../../model/action.ts";
import { allDone } from "../../model/all-done.ts";
import type { Context } from "../../model/context.ts";
import type { Names } from "../../model/host.ts";
import { fetchUnlessCloneable } from "../image/clone-fallback.ts";
import { contentOfBase } from "../image/content-of-base.ts";
import type { DomainRef } from "../power/plan.ts";
import { agreeOnPassphrase } from "../secret/actions.ts";
import { diskExists, rolledBack } from "../terms/disk-address.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { type AppliedDisk, appliedOf, readRecord, recordProblem, renamedRecord } from "../terms/disk-record.ts";
import { grown } from "../terms/guest-address.ts";
import { unfinishedInjection } from "../terms/injection.ts";
import { rebuildAction } from "./backing.ts";
import type { OwnedDisk } from "./disk.ts";
import { refuseInUse } from "./in-use.ts";
import { inject } from "./injection/inject.ts";
import { isUnfinished } from "./injection/record.ts";
import { lives, type Owned } from "./life.ts";
import type { RollBackArgs } from "./roll-back.ts";

/** What `create` is given. */
export interface CreateArgs extends Pick<OwnedDisk, "disk" | "fallback" | "injection"> {
  /** What is there was not finished and is removed first. */
  readonly remake?: true;
}

/** What `grow` is given. */
export interface GrowArgs {
  readonly disk: DiskSpec;
  /** The running guest that has the disk; null: no guest may have it. */
  readonly online: OnlineDisk | null;
  /** The guest that is looked at once more before a disk grows that it must not have. */
  readonly user: DomainRef | null;
  /** Keep what the disk was before. */
  readonly checkpoint: boolean;
  /** What the guest writes to in place of the disk; null: the disk itself. */
  readonly layer: ActiveLayer | null;
}

/** What `restrict` is given. */
export interface RestrictArgs extends DiskRef {
  readonly backend: string;
  /** The owner that its file is given, `UID:GID`; null: it keeps its owner. */
  readonly owner: string | null;
}

/** What `remove` is given. */
export interface RemoveArgs extends DiskRef {
  readonly owner: DiskOwner;
  readonly backend: string;
  /** The guest that is looked at once more before. */
  readonly user: DomainRef | null;
  /** Paths of the layers above the disk, the upper ones first: they are nothing without it. */
  readonly layers: readonly string[];
  /** Another disk is created in its place, and the record stays until then. */
  readonly keepsRecord?: true;
}

/**
 * What can be done to every disk: `disk.create`, `volume.grow`. The record says what is meant before it is done, and is forgotten after the
 * disk is gone.
 */
function commonActions(kind: OwnedDisk["kind"]): ActionType[] {
  const life = lives[kind];
  return [
    defineAction<CreateArgs>(`${kind}.create`, [life.exists], async (context, { disk, fallback, injection, remake }, report) => {
      const base = kind === "disk" && fallback === null ? baseOf(disk) : null;
      const content = base === null ? null : await contentOfBase(context, base.entry);
      const applied = { ...appliedOf(disk), content };
      const isWithout = (injection !== undefined || remake === true) && (await isWithoutInjection(context, kind, disk));
      const injects = isWithout ? injection : undefined;
      // Names become durable in the order in which they were given, and all of them before the domain is defined or started.
      const record = (applied: AppliedDisk, names: Names) => life.record(context, disk, applied, names);
      // What is recorded before exists completely or can be removed by its record.
      const pending = injects === undefined ? applied : { ...applied, injected: unfinishedInjection };
      const recordFirst = async () => {
        const marks = await life.marksUnfinished(context, disk);
        await (marks ? record({ ...pending, unfinished: true }, "now") : record(pending, injects === undefined ? "later" : "now"));
        return marks;
      };
      const driver = driverOf(disk.backend);
      const recording = recordFirst();
      if (injects !== undefined || fallback !== null || disk.encryption !== null) {
        await recording;
        await fetchUnlessCloneable(context, disk, fallback, report);
        await agreeOnPassphrase(context, disk);
      }
      await allDone([recording, driver.create(context, disk, report, recording)]);
      if (injects !== undefined) await inject(context, disk, injects);
      if ((await recording) || injects !== undefined) await record(applied, "now");
    }),
    defineAction<GrowArgs>(`${kind}.grow`, [life.exists, grown], async (context, { disk, online, user, checkpoint, layer }) => {
      if (disk.size === null) return;
      if (online === null && user !== null) await refuseInUse(context, user, disk, layer === null ? [] : [layer.path]);
      // First, because it has to hold the old content.
      if (checkpoint) await checkpointOf(disk.backend).make(context, disk, disk.size);
      // A disk that grew without a record looks as if it had been grown manually.
      await life.record(context, disk, { ...appliedOf(disk), ...(await madeAs(context, kind, disk)) });
      if (layer === null) await driverOf(disk.backend).grow(context, disk, disk.size, online ?? undefined);
      else await growLayer(context, disk, layer, disk.size, online ?? undefined);
    }),
    // Its record stays, with other names, and the label gets the protection that is wanted.
    defineAction<{ readonly disk: DiskSpec }>(`${kind}.label`, [life.exists], async (context, { disk }) => {
      const record = await life.recorded(context, disk);
      const applied = recordProblem(record) === undefined ? renamedRecord(readRecord(record, context.settings), disk) : appliedOf(disk);
      await life.record(context, disk, applied);
    }),
    defineAction<RestrictArgs>(`${kind}.restrict`, [], async (context, { backend, owner, ...ref }) =>
      driverOf(backend).restrict?.(context, ref, owner),
    ),
    defineAction<RemoveArgs>(`${kind}.remove`, [life.gone], async (context, { backend, user, layers, keepsRecord, ...disk }) => {
      if (user !== null) await refuseInUse(context, user, disk, layers);
      await markRemoval(context, kind, disk);
      await life.removing(context, disk);
      for (const path of layers) await context.host.files.remove(path);
      await driverOf(backend).remove(context, disk);
      if (keepsRecord !== true) await life.forget(context, disk);
    }),
  ];
}

/**
 * Whether a disk still has to get what is injected. One into which not everything was injected is removed, so that it is made again: what a kill left
 * in its file system is not known.
 */
async function isWithoutInjection(context: Context, kind: OwnedDisk["kind"], disk: DiskSpec): Promise<boolean> {
  const recorded = await lives[kind].recorded(context, disk);
  const before = recordProblem(recorded) === undefined ? readRecord(recorded, context.settings).injected : null;
  if (!isUnfinished(before)) {
    const there = (await driverOf(disk.backend).list(context, [disk])).has(`${disk.uuid}/${disk.name}`);
    if (!there) return true;
    if (before === injectedInto(disk)) return false;
    // The disk was made after the plan, and a guest may have it open.
    await refuseInUse(context, { uuid: disk.uuid, instance: ownerName(disk.owner) }, disk);
    return true;
  }
  await refuseInUse(context, { uuid: disk.uuid, instance: ownerName(disk.owner) }, disk);
  await driverOf(disk.backend).remove(context, disk);
  return true;
}

/** What the record of a disk says about how it was made, which a change of the disk keeps. */
async function madeAs(context: Context, kind: OwnedDisk["kind"], disk: Owned): Promise<Pick<AppliedDisk, "content" | "marked">> {
  const record = await lives[kind].recorded(context, disk);
  if (recordProblem(record) !== undefined) return { content: null, marked: false };
  const { content, marked } = readRecord(record, context.settings);
  return { content, marked };
}

/** A disk that is removed by consent is not lost if the run is killed here. */
async function markRemoval(context: Context, kind: OwnedDisk["kind"], disk: Owned): Promise<void> {
  const life = lives[kind];
  if (!(await life.marksUnfinished(context, disk))) return;
  const record = await life.recorded(context, disk);
  if (recordProblem(record) !== undefined) return;
  await life.record(context, disk, { ...readRecord(record, context.settings), unfinished: true });
}

/** What can be done to disks of instances. */
export const diskActions: readonly ActionType[] = [
  ...commonActions("disk"),
  defineAction<RollBackArgs>("disk.roll_back", [diskExists, rolledBack], async (context, { disk, size }) => {
    await refuseInUse(context, { uuid: disk.uuid, instance: ownerName(disk.owner) }, disk);
    await lives.disk.record(context, disk, { ...appliedOf(disk), ...(await madeAs(context, "disk", disk)), size });
    await checkpointOf(disk.backend).rollBack(context, disk, size);
  }),
  defineAction<DiskRef & { backend: string }>("disk.confirm", [], (context, { backend, ...ref }) =>
    checkpointOf(backend).drop(context, ref),
  ),
  rebuildAction,
];

/** What can be done to volumes. */
export const volumeActions: readonly ActionType[] = commonActions("volume");
