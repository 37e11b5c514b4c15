import type { Context } from "../../model/context.ts";
import { RefusedError, userError } from "../../model/errors.ts";
import { formatQuantity } from "../../model/quantity.ts";
import {
  createRbdSnapshot,
  type RbdImage,
  type RbdName,
  type RbdSnapshot,
  rbdImage,
  rbdSnapshots,
  removeRbdMetadata,
  removeRbdSnapshot,
  rollBackRbd,
  setRbdMetadata,
} from "../../tools/rbd/rbd.ts";
import type { DiskRef, DiskState } from "../driver.ts";
import { contentOf } from "./container.ts";
import { type RbdPlace, rbdName, rbdPlace, refuseForeignRbd } from "./place.ts";

/** The snapshot of a disk from before it grew (Nova RBD-10). */
export const resizeSnapshotName = "nova-resize";

/**
 * Written on an image while it is made what its snapshot is, which goes object by object: such an image may be neither the one nor
 * the other. Has a meaning only while the snapshot exists.
 */
const rollBackKey = "virtform.rolling_back";

/** What `list` reports of the snapshot. Pure. */
export function resizeSnapshotOf(image: RbdImage): Pick<DiskState, "resizeSnapshot"> {
  const size = image.snapshots[resizeSnapshotName];
  return size === undefined ? {} : { resizeSnapshot: { size, rollingBack: image.metadata[rollBackKey] !== undefined } };
}

/** Makes the snapshot before a disk grows to `bytes`. An existing one is kept: it is from an earlier attempt or an earlier growth. */
export async function makeResizeSnapshot(context: Context, disk: DiskRef, bytes: number): Promise<void> {
  const { place, name, snapshot } = await namesOf(context, disk);
  const found = await imageOf(place, name);
  // The growth that follows reports what is wrong.
  if (found === undefined || found.size >= bytes) return;
  refuseForeignRbd(place, name, found);
  if (found.snapshots[resizeSnapshotName] !== undefined) return refuseRollingBack(name, found);
  await removeRbdMetadata(place, name, rollBackKey);
  await createRbdSnapshot(place, snapshot);
}

/** Makes the disk what it was before it grew, `bytes` large, and removes the snapshot. The guest must be off. */
export async function rollBackResize(context: Context, disk: DiskRef, bytes: number): Promise<void> {
  const { place, name, snapshot } = await namesOf(context, disk);
  const found = await imageOf(place, name);
  if (found !== undefined) refuseForeignRbd(place, name, found);
  const then = found?.snapshots[resizeSnapshotName];
  if (then === undefined && found?.size === bytes) return removeRbdMetadata(place, name, rollBackKey);
  if (then !== bytes) {
    throw userError(
      "resize-snapshot-changed",
      `${imageText(name)} cannot be rolled back to ${formatQuantity(bytes)}`,
      `Its snapshot ${resizeSnapshotName} ${then === undefined ? "is missing" : `has ${formatQuantity(then)}`}. Nothing was changed. Plan again.`,
    );
  }
  await setRbdMetadata(place, name, [[rollBackKey, resizeSnapshotName]]);
  await rollBackRbd(place, snapshot);
  // The mark goes last: without the snapshot it means nothing, and the next snapshot begins without it.
  await removeRbdSnapshot(place, snapshot);
  await removeRbdMetadata(place, name, rollBackKey);
}

/** Removes the snapshot, and with it the way back (Nova RSZ-08). No-op if absent. */
export async function confirmResize(context: Context, disk: DiskRef): Promise<void> {
  const { place, name, snapshot } = await namesOf(context, disk);
  const found = await imageOf(place, name);
  if (found?.snapshots[resizeSnapshotName] === undefined) return;
  refuseForeignRbd(place, name, found);
  refuseRollingBack(name, found);
  const kept = (await rbdSnapshots(place, name)).find((one) => one.name === resizeSnapshotName);
  if (kept !== undefined && !isRemovable(kept)) {
    const clones = kept.clones.length === 0 ? "" : ` It was cloned as ${kept.clones.join(", ")}.`;
    throw userError(
      "resize-snapshot-protected",
      `${imageText(name)}@${resizeSnapshotName} is protected`,
      `It is in use.${clones} When it no longer is: rbd snap unprotect ${imageText(name)}@${resizeSnapshotName}, and confirm again.`,
    );
  }
  await removeRbdSnapshot(place, snapshot);
}

/** Whether a snapshot is the one that virtform makes, and is not in use. Pure. */
export function isRemovable(snapshot: RbdSnapshot): boolean {
  return snapshot.name === resizeSnapshotName && !snapshot.protected && snapshot.clones.length === 0;
}

/** The image as its guest sees it. */
async function imageOf(place: RbdPlace, name: RbdName): Promise<RbdImage | undefined> {
  const image = await rbdImage(place, name);
  return image === undefined ? undefined : contentOf(image);
}

function refuseRollingBack(name: RbdName, found: RbdImage): void {
  if (found.metadata[rollBackKey] === undefined) return;
  throw new RefusedError(
    "roll-back-unfinished",
    `${imageText(name)} is half rolled back to ${resizeSnapshotName}: without the rest it is garbage`,
    "Run `virtform apply`, which finishes it.",
  );
}

async function namesOf(context: Context, disk: DiskRef) {
  const place = await rbdPlace(context, disk.place);
  const name = rbdName(place, disk);
  return { place, name, snapshot: { ...name, snapshot: resizeSnapshotName } };
}

function imageText({ pool, image }: RbdName): string {
  return `${pool}/${image}`;
}
