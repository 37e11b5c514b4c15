import type { DiskRef, DiskSpec } from "../../drivers/driver.ts";
import { type Address, addressName } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { FactType } from "../../model/fact.ts";
import type { Names } from "../../model/host.ts";
import type { Json } from "../../model/json.ts";
import { instanceFiles } from "../../model/layout.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { forgetObject, type LabelOwner, readLabel, recordObject, rememberedDomain } from "../directory/label.ts";
import { retireDirectory } from "../directory/retire-directory.ts";
import { unrecordVolume } from "../directory/second-record.ts";
import { readVolumeLabel, writeVolumeLabel } from "../directory/volume-label.ts";
import { diskExists, diskGone, disks } from "../terms/disk-address.ts";
import { isCopy } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { type AppliedDisk, recordedDisk, recordedVolume } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { volumeExists, volumeGone, volumes } from "../terms/volume-address.ts";
import type { OwnedDisk } from "./disk.ts";
import { keepsNothing } from "./lost.ts";

/** A disk and whose it is. */
export type Owned = DiskRef & Pick<DiskSpec, "owner">;

/**
 * What differs between disks of instances, which live and die with their instance, and volumes, which outlive every instance that uses them.
 * All else is the same for both.
 */
export interface DiskLife {
  /** Facts: it exists as it should be; it no longer exists. */
  readonly exists: FactType<OwnedDiskState>;
  readonly gone: FactType<OwnedDiskState>;
  /** What is done to it is done one thing after the other under this name, followed by the uuid. */
  readonly lock: "instance" | "volume";
  /** The recorded values that a plan lists of a new disk, and of one that is removed. */
  readonly shown: { readonly created: readonly (keyof AppliedDisk)[]; readonly removed: readonly (keyof AppliedDisk)[] };
  /** How plans show that an interrupted creation is finished. */
  readonly finished: { readonly path: string; readonly old: boolean; readonly new: boolean };
  /** A record as JSON output has it, with what the owner's label keeps beside it. Pure. */
  json(applied: AppliedDisk, protects: boolean): { readonly [key: string]: Json };
  /** What is lost with a disk that exists, in words; undefined when nothing is. Pure. */
  lossOf(address: Address, have: OwnedDiskState, size: number): string | undefined;
  /** Whether the record has to tell a disk that is being created or removed from one that is whole. Throws a RefusedError for a damaged label. */
  marksUnfinished(context: Context, disk: Owned): Promise<boolean>;
  /** The record of a disk as it is; undefined without one. Unchecked. */
  recorded(context: Context, disk: Owned): Promise<unknown>;
  /** Records what is applied to a disk, before it is done. The caller holds the lock. */
  record(context: Context, disk: Owned, applied: AppliedDisk, names?: Names): Promise<void>;
  /** Called before a disk is removed, so that an interrupted removal does not look like a loss. */
  removing(context: Context, disk: Owned): Promise<void>;
  /** Forgets a disk that is gone, and its owner's directory when nothing else is in it. */
  forget(context: Context, disk: Owned): Promise<void>;
}

/** The lives of disks, by the kind of their addresses. */
export const lives: Readonly<Record<OwnedDisk["kind"], DiskLife>> = {
  [disks.name as "disk"]: {
    exists: diskExists,
    gone: diskGone,
    lock: "instance",
    shown: {
      created: ["ephemeral", "image", "filesystem", "size", "backend", "place", "encrypted", "injected"],
      removed: ["ephemeral", "image", "filesystem", "size", "backend", "place", "encrypted"],
    },
    finished: { path: "unfinished", old: true, new: false },
    json: (applied) => recordedDisk({ ...applied, content: null, marked: false }),
    lossOf: (address, { name, applied }, size) => {
      const what = applied.filesystem === "swap" ? "swap disk" : "disk";
      const called = applied.ephemeral === null ? "" : ` (${applied.ephemeral})`;
      return isCopy(name) ? undefined : `${formatQuantity(size)} ${what} ${addressName(address)}${called}`;
    },
    // Without a domain no disk counts as lost.
    async marksUnfinished(context, { uuid, name }) {
      const label = await readLabel(context, uuid);
      return label !== undefined && rememberedDomain(label) !== undefined && !keepsNothing(name);
    },
    recorded: async (context, { uuid, name }) => (await readLabel(context, uuid))?.objects[name],
    record: (context, disk, applied, names = "now") => recordObject(context, instanceOf(disk), disk.name, recordedDisk(applied), { names }),
    removing: () => Promise.resolve(),
    forget: (context, disk) => forgetObject(context, instanceOf(disk), disk.name),
  },
  [volumes.name as "volume"]: {
    exists: volumeExists,
    gone: volumeGone,
    lock: "volume",
    shown: {
      created: ["size", "backend", "place", "filesystem", "image", "encrypted"],
      removed: ["size", "backend", "place", "encrypted"],
    },
    finished: { path: "made", old: false, new: true },
    json: (applied, protects) => ({ ...recordedVolume({ ...applied, marked: false }), prevent_destroy: protects }),
    lossOf: (_address, { owner }, size) => `${formatQuantity(size)} ${owner.label} with all that is in it`,
    async marksUnfinished(context, { uuid }) {
      await readVolumeLabel(context, uuid);
      return true;
    },
    recorded: async (context, { uuid }) => (await readVolumeLabel(context, uuid))?.record,
    record: (context, disk, applied) => writeVolumeLabel(context, disk, applied),
    removing: (context, { uuid }) => unrecordVolume(context, uuid),
    forget: (context, { uuid }) => {
      const { layout } = context;
      const names = { directory: layout.volume(uuid), doomed: layout.doomedVolume(uuid) };
      return retireDirectory(context, { ...names, companions: [instanceFiles.diskInfo] });
    },
  },
};

function instanceOf({ uuid, owner }: Owned): LabelOwner {
  return { uuid, instance: ownerName(owner) };
}
