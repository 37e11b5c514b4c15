import type { Context } from "../../model/context.ts";
import { UnreachableError } from "../../model/errors.ts";
import { instanceFiles, stagedPath } from "../../model/layout.ts";
import { importRbd, type RbdName, rbdImage, rbdImages, rbdNames, readRbd, removeRbd, renameRbd } from "../../tools/rbd/rbd.ts";
import type { DiskRef, Put } from "../driver.ts";
import { labelRbd, ownRbdLabel, type RbdPlace, rbdName, rbdPart, rbdPlace, refuseForeignRbd } from "./place.ts";
import { removePartRbd } from "./remove.ts";
import { rbdSettings } from "./settings.ts";

/** A config drive in Ceph as found (Nova RBD-09, CFG-14). */
export interface RbdDrive {
  /** Bytes. */
  readonly size: number;
  /** Of what was imported, as its label says. */
  readonly sha256: string | undefined;
}

const digestKey = "virtform.sha256";
const drive = instanceFiles.configDrive;
/** A drive that a running guest still has, by what it was called and its image's id. */
const retired = `${drive}.old-`;

/** Whose config drive, and in which pool; without one, in the one that the configuration names. */
export interface RbdDriveRef {
  readonly uuid: string;
  readonly pool: string | null;
}

/** The config drives of these instances that are in Ceph and this project's, by uuid. */
export async function rbdDrives(context: Context, drives: readonly RbdDriveRef[]): Promise<ReadonlyMap<string, RbdDrive>> {
  const pools = Map.groupBy(drives, ({ pool }) => pool);
  const each = await Promise.all([...pools].map(async ([pool, some]) => drivesIn(await rbdPlace(context, pool), some)));
  return new Map(each.flat());
}

async function drivesIn(place: RbdPlace, drives: readonly RbdDriveRef[]): Promise<(readonly [string, RbdDrive])[]> {
  const names = drives.map(({ uuid }) => driveName(place, uuid).image);
  const images = await rbdImages(place, place.settings.pool, names);
  return drives.flatMap(({ uuid }, index) => {
    const image = images.get(names[index] ?? "");
    const label = ownRbdLabel(place, image);
    return image === undefined || label === undefined ? [] : [[uuid, { size: image.size, sha256: label[digestKey] }] as const];
  });
}

/** What a drive in Ceph is made from. */
export interface StagedDrive extends RbdDriveRef {
  readonly instance: string;
  readonly format: string;
  /** Path of the image to import, and its digest. */
  readonly path: string;
  readonly sha256: string;
}

/** Imports a drive under its staged name and labels it. */
export async function stageRbdDrive(context: Context, { uuid, pool, instance, format, path, sha256 }: StagedDrive): Promise<void> {
  const place = await rbdPlace(context, pool);
  const name = driveName(place, uuid);
  const part = rbdPart(name);
  const existing = await rbdImage(place, name);
  if (existing !== undefined) refuseForeignRbd(place, name, existing);
  await removePartRbd(place, name);
  await importRbd(place, path, part, { metadata: [[digestKey, sha256], ...labelRbd(place, instance, { backend: "rbd", format })] });
}

/** Gives the staged drive its name. A running guest keeps the one it has, under another name. */
export async function publishRbdDrive(context: Context, { uuid, pool }: RbdDriveRef): Promise<void> {
  const place = await rbdPlace(context, pool);
  await retire(place, uuid);
  const name = driveName(place, uuid);
  await renameRbd(place, rbdPart(name), name);
}

/** Makes sure that an instance has no drive in Ceph. `inUse`: a guest runs with it and keeps what it has until it is off. */
export async function removeRbdDrive(context: Context, { uuid, pool }: RbdDriveRef, inUse: boolean): Promise<void> {
  const place = await rbdPlace(context, pool);
  const name = driveName(place, uuid);
  await removePartRbd(place, name);
  if (inUse) return retire(place, uuid);
  await removeRetiredDrives(place, uuid);
  const found = await rbdImage(place, name);
  if (found === undefined) return;
  refuseForeignRbd(place, name, found);
  await renameRbd(place, name, rbdPart(name));
  await removePartRbd(place, name);
}

/** Removes what a guest that is off had as drives before. */
export async function removeRetiredDrives(place: RbdPlace, uuid: string): Promise<void> {
  const prefix = driveName(place, uuid).image.slice(0, -drive.length) + retired;
  for (const image of await rbdNames(place, place.settings.pool)) {
    if (!image.startsWith(prefix)) continue;
    const name = driveName(place, uuid);
    await removePartRbd(place, name);
    await renameRbd(place, { pool: name.pool, image }, rbdPart(name));
    await removePartRbd(place, name);
  }
}

/** Removes staged drives of interrupted runs, and drives that no guest has. `own`: uuids of this project's directories. */
export async function sweepRbdDrives(context: Context, own: ReadonlySet<string>): Promise<void> {
  if (rbdSettings(context.settings) === undefined) return;
  const place = await rbdPlace(context);
  try {
    for (const image of await rbdNames(place, place.settings.pool)) {
      const [, uuid, rest] = /^([0-9a-f-]{36})_(disk\.config\..+)$/.exec(image) ?? [];
      if (uuid === undefined || rest === undefined) continue;
      const name = { pool: place.settings.pool, image };
      // Another host with a project of this name may be creating a staged drive: only the directory identifies the owner.
      if (rest === stagedPath(drive) && own.has(uuid)) await removePartRbd(place, driveName(place, uuid));
      if (rest.startsWith(retired) && ownRbdLabel(place, await rbdImage(place, name)) !== undefined) await removeRbd(place, name);
    }
  } catch (error) {
    // The look that follows says so.
    if (!(error instanceof UnreachableError)) throw error;
  }
}

/** Takes the name from a drive; it stays only while a guest has it. */
async function retire(place: RbdPlace, uuid: string): Promise<void> {
  const name = driveName(place, uuid);
  const found = await rbdImage(place, name);
  if (found === undefined) return;
  refuseForeignRbd(place, name, found);
  const old = { ...name, image: `${uuid}_${retired}${found.id}` };
  await renameRbd(place, name, old);
  await removeRbd(place, old);
}

function driveName(place: RbdPlace, uuid: string): RbdName {
  return rbdName(place, { uuid, name: drive });
}

/** Config drives beside the disks (Nova CFG-14). */
export const rbdPut: Put = {
  words: { thing: "image in Ceph", where: " in Ceph", arrival: "it goes to Ceph, where the disks are" },

  async look(context, disks) {
    const found = await rbdDrives(
      context,
      disks.map(({ ref }) => driveRef(ref)),
    );
    return new Map(
      disks.map(({ ref, record }) => {
        const there = found.get(ref.uuid);
        const intact = record !== null && there?.sha256 === record.sha256 && there.size === record.size;
        return [`${ref.uuid}/${ref.name}`, { intact, missing: there === undefined }];
      }),
    );
  },

  async read(context, disk, range) {
    const place = await rbdPlace(context, disk.place);
    return readRbd(place, driveName(place, disk.uuid), range);
  },

  async stage(context, disk, { from, sha256, format }) {
    await stageRbdDrive(context, { ...driveRef(disk), instance: disk.owner.label, format, path: from, sha256 });
    await context.host.files.remove(from);
  },

  publish: (context, disk) => publishRbdDrive(context, driveRef(disk)),

  remove: (context, disk, inUse) => removeRbdDrive(context, driveRef(disk), inUse),

  sweep: sweepRbdDrives,
};

function driveRef({ uuid, place }: DiskRef): RbdDriveRef {
  return { uuid, pool: place };
}
