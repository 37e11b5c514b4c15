import { baseOf } from "../../drivers/content.ts";
import type { DiskSpec, OnlineDisk } from "../../drivers/driver.ts";
import { checkpointOf, driverOf } from "../../drivers/index.ts";
import { type ActiveLayer, growLayer } from "../../drivers/shared/layer-growth.ts";
import type { ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import type { Fact } from "../../model/fact.ts";
import { baseExists, bases } from "../image/address.ts";
import { fetchUnlessCloneable } from "../image/clone-fallback.ts";
import type { ImageSpec } from "../image/spec.ts";
import type { DomainRef } from "../power/plan.ts";
import { agreeOnPassphrase } from "../secret/actions.ts";
import { refuseInUse } from "./in-use.ts";

/** A disk as it should be, of an instance or a volume. */
export interface OwnedDisk {
  readonly disk: DiskSpec;
  /** For a disk that is cloned within its storage: the image to fetch if cloning is no longer possible when the disk is created. Null for any other. */
  readonly fallback: ImageSpec | null;
}

/** Writes into the label of a disk's owner what is applied to the disk: before it is made, and once it is whole. */
export interface DiskRecord {
  readonly before: () => Promise<void>;
  readonly whole: () => Promise<void>;
}

/** The fact that the base image of a disk exists; none where it has none or is cloned. */
export function baseFacts({ disk, fallback }: OwnedDisk): Fact[] {
  const base = baseOf(disk);
  return base === null || fallback !== null ? [] : [baseExists(bases.at(base.entry))];
}

/** Creates a disk. What is recorded before exists completely or can be removed by its record. */
export async function makeDisk(context: Context, { disk, fallback }: OwnedDisk, record: DiskRecord, report: ReportProgress): Promise<void> {
  await record.before();
  await fetchUnlessCloneable(context, disk, fallback, report);
  await agreeOnPassphrase(context, disk);
  await driverOf(disk.backend).create(context, disk, report);
  await record.whole();
}

/** How a disk grows. */
export interface Growth {
  /** The running domain that has the disk; undefined: no guest may have it. */
  readonly online: OnlineDisk | undefined;
  /** The guest whose definition has the disk, to be checked once more when it grows offline. */
  readonly user: DomainRef | undefined;
  /** Keep what the disk was before. */
  readonly checkpoint: boolean;
  /** What the guest writes to in place of the disk; null: the disk itself. */
  readonly layer: ActiveLayer | null;
}

/**
 * Grows a disk to the size of its spec. The order is the same for all disks: the checkpoint first, because it has to hold the old content;
 * then the record, because a disk that grew without a record looks as if it had been grown manually; the disk last.
 */
export async function growDisk(
  context: Context,
  disk: DiskSpec,
  { online, user, checkpoint, layer }: Growth,
  record: () => Promise<void>,
): Promise<void> {
  if (disk.size === null) return;
  if (online === undefined && user !== undefined) await refuseInUse(context, user, disk, layer === null ? [] : [layer.path]);
  if (checkpoint) await checkpointOf(disk.backend).make(context, disk, disk.size);
  await record();
  if (layer === null) await driverOf(disk.backend).grow(context, disk, disk.size, online);
  else await growLayer(context, disk, layer, disk.size, online);
}
