import type { ReportProgress } from "../model/action.ts";
import type { Context } from "../model/context.ts";
import { RefusedError } from "../model/errors.ts";
import type { FileStat } from "../model/host.ts";
import { stagedPath } from "../model/layout.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import { convertToRaw } from "../tools/conversion/convert-to-raw.ts";
import { isExtFile } from "../tools/e2fs.ts";
import { luksHeaderBytes, luksOpensWith, readLuksHeader } from "../tools/luks.ts";
import { readManyOnce } from "../tools/read-once.ts";
import { touchUsed } from "../tools/touch-used.ts";
import { baseOf } from "./content.ts";
import { diskPhrase } from "./disk-phrase.ts";
import type { BaseRef, DiskRef, DiskSpec, DiskState, Driver, OnlineDisk } from "./driver.ts";
import { checkBase, sizeOn } from "./shared/base-check.ts";
import { withBase } from "./shared/base-lease.ts";
import { makeBlankContent } from "./shared/blank-content.ts";
import { forgetDiskFormat, otherRecords, recordDiskFormat, refuseOtherRecord } from "./shared/disk-info.ts";
import { diskMode, fileOwners, restrictFile, wrongAccess } from "./shared/file-access.ts";
import { rawFileCost } from "./shared/file-cost.ts";
import { directoryOf } from "./shared/file-name.ts";
import { filePut } from "./shared/file-put.ts";
import { growInside } from "./shared/inner-growth.ts";
import { isEncrypted, makeLuksDisk, plainContent } from "./shared/luks-disk.ts";
import { obstacleState, refuseObstacle } from "./shared/obstacle.ts";
import { growOnline } from "./shared/online-growth.ts";
import { reserveSpace } from "./shared/preallocation.ts";
import { publishDisk, removeDisk } from "./shared/publish-disk.ts";
import { growFile } from "./shared/size-growth.ts";
import { refuseToShrink, requireSize } from "./shared/size-rules.ts";

/**
 * Raw files (Nova FLAT-01 … FLAT-03). Always raw: a qcow2 base is converted, so that the format of a disk follows from its
 * backend alone and never from what a guest wrote into it.
 */
export const flat: Driver = {
  name: "flat",

  async list(context, disks) {
    const { files } = context.host;
    const encrypted = disks.filter((disk) => disk.encrypted === true).map(({ path }) => path);
    const [mode, owners, stats, marks, records, starts] = await Promise.all([
      diskMode(context),
      fileOwners(context),
      files.statMany(disks.map((disk) => disk.path)),
      files.statMany(disks.map((disk) => growthMark(disk))),
      otherRecords(context, disks, "raw"),
      readManyOnce(
        context,
        encrypted.map((path) => ({ path, length: luksHeaderBytes })),
      ),
    ]);
    const containers = new Map(encrypted.map((path, index) => [path, readLuksHeader(starts[index] ?? Buffer.alloc(0))]));
    const found = new Map<string, DiskState>();
    for (const [index, disk] of disks.entries()) {
      const stat = stats[index];
      if (stat === undefined) continue;
      if (stat.type !== "file") {
        found.set(`${disk.uuid}/${disk.name}`, obstacleState("flat", "raw", stat));
        continue;
      }
      const container = containers.get(disk.path);
      const size = knownSize(stat, marks[index]) - (container?.contentAt ?? 0);
      const state = { backend: "flat", format: "raw", size, allocated: stat.allocated } as const;
      const [encryption, access] = [container === undefined ? undefined : ("luks" as const), wrongAccess(disk.path, stat, mode, owners)];
      found.set(`${disk.uuid}/${disk.name}`, withoutUndefined({ ...state, encryption, access, ...records[index] }));
    }
    return found;
  },

  async create(context, disk, report, recorded) {
    await recorded;
    const { files } = context.host;
    await files.makeDirectory(directoryOf(disk));
    const stat = await files.stat(disk.path);
    refuseObstacle(disk, stat);
    const there = stat !== undefined;
    await recordDiskFormat(context, disk, "raw", there);
    if (there) return;
    const base = baseOf(disk);
    if (base === null) return publishDisk(context, disk, (staged) => makeEmpty(context, disk, staged, report));
    await withBase(context, base.entry, () => createOnBase(context, disk, base, report));
  },

  async grow(context, disk, bytes, online) {
    const { files } = context.host;
    const mark = growthMark(disk);
    const [stat, marked] = await files.statMany([disk.path, mark]);
    refuseObstacle(disk, stat);
    if (isEncrypted(disk) && stat !== undefined) return growContainer(context, disk, stat.size, bytes, online);
    refuseToShrink(disk, stat?.size, bytes);
    await refuseOtherRecord(context, disk, "raw");
    if (stat === undefined || knownSize(stat, marked) >= bytes) return;
    if (disk.preallocate === "space") await reserveMore(context, disk.path, stat.size, bytes);
    if (marked === undefined && (await isExtFile(context, disk.path))) await setMark(context, disk, stat.size);
    await growFile(context, disk, { path: disk.path, format: "raw" }, bytes, online);
    await files.remove(mark);
  },

  async remove(context, disk) {
    // Before the disk: what takes its place has nothing to catch up with.
    await context.host.files.remove(growthMark(disk));
    await context.host.files.remove(plainContent(disk));
    await removeDisk(context, disk);
    await forgetDiskFormat(context, disk);
  },

  attachment: ({ path, encryption }) => ({ type: "file", format: "raw", source: path, secretUuid: encryption?.secretUuid ?? null }),

  guestDisk: ({ path }) => ({ file: path, format: "raw", ceph: null }),

  owns: (source, { path }) => source === path,

  restrict: async (context, { path }, owner) => restrictFile(context, path, await diskMode(context), owner),

  where: ({ path }) => path,

  reading: { name: async (_context, { path }) => path },

  traits: { about: "raw file", files: true, reserves: true, growsInside: true, mountable: true },

  cost: rawFileCost,

  encryption: {
    opens: ({ host, signal }, { path }, passphrase) => luksOpensWith(host, { driver: "file", path }, passphrase, signal),
    growsOpened: false,
  },

  put: filePut,
};

/** Beside a disk: its length is what the disk had before it grew. The filesystem in the disk may not have been made larger yet. */
function growthMark({ path }: Pick<DiskRef, "path">): string {
  return `${path}.growing`;
}

/** The size up to which everything is done. */
function knownSize(disk: FileStat, mark: FileStat | undefined): number {
  return mark?.type === "file" ? Math.min(disk.size, mark.size) : disk.size;
}

async function setMark(context: Context, disk: DiskSpec, size: number): Promise<void> {
  const { files } = context.host;
  const staged = stagedPath(disk.path);
  await files.remove(staged);
  await files.truncate(staged, size);
  await files.publish(staged, growthMark(disk), 0o644);
}

/** First, so that a disk is never longer than what there is space for. */
async function reserveMore(context: Context, path: string, size: number, bytes: number): Promise<void> {
  await using undo = new AsyncDisposableStack();
  // Its own length again gives back what lies beyond it.
  undo.defer(() => context.host.files.truncate(path, size).catch(() => undefined));
  await reserveSpace(context, path, bytes);
  undo.move();
}

/**
 * The content of a container is as long as the file allows, so that without a guest nothing but the file grows. What was not written there
 * decrypts to noise, as on a new logical volume.
 */
async function growContainer(
  context: Context,
  disk: DiskSpec,
  length: number,
  bytes: number,
  online: OnlineDisk | undefined,
): Promise<void> {
  const { files } = context.host;
  const contentAt = await contentOffset(context, disk);
  refuseToShrink(disk, length - contentAt, bytes);
  await refuseOtherRecord(context, disk, "raw");
  if (length - contentAt >= bytes) return;
  if (disk.preallocate === "space") await reserveMore(context, disk.path, length, bytes + contentAt);
  if (!(await growOnline(context, disk, disk.path, bytes, online))) await files.truncate(disk.path, bytes + contentAt);
}

/** Throws a RefusedError for a file that is not encrypted. */
async function contentOffset(context: Context, disk: DiskSpec): Promise<number> {
  const { path } = disk;
  const start = await context.host.files.read(path, { offset: 0, length: luksHeaderBytes });
  const container = readLuksHeader(start ?? Buffer.alloc(0));
  if (container !== undefined) return container.contentAt;
  throw new RefusedError(
    "disk-format-changed",
    `${path} was recorded as encrypted, and is not a LUKS container: another file took the place of the ${diskPhrase(disk)}`,
    "It is not changed. Restore the disk, or plan again to recreate it.",
  );
}

async function makeContainer(
  context: Context,
  disk: DiskSpec,
  path: string,
  sizes: { readonly size: number; readonly baseSize: number },
  report: ReportProgress,
): Promise<void> {
  const { host } = context;
  await makeLuksDisk(context, disk, { name: path, at: { driver: "file", path } }, sizes, report);
  if (disk.preallocate === "space") await reserveSpace(context, path, (await host.files.stat(path))?.size ?? sizes.size);
}

async function makeEmpty(context: Context, disk: DiskSpec, staged: string, report: ReportProgress): Promise<void> {
  const size = requireSize(disk);
  if (isEncrypted(disk)) return makeContainer(context, disk, staged, { size, baseSize: 0 }, report);
  await context.host.files.truncate(staged, size);
  await makeBlankContent(context, disk, staged);
  // Afterwards: mkfs gives back what it does not use.
  if (disk.preallocate === "space") await reserveSpace(context, staged, size);
}

async function createOnBase(context: Context, disk: DiskSpec, base: BaseRef, report: ReportProgress): Promise<void> {
  const { host, signal } = context;
  const checked = await checkBase(context, base);
  const size = sizeOn(disk, checked);
  await touchUsed(context, base.path);
  await publishDisk(context, disk, async (staged) => {
    if (isEncrypted(disk)) return makeContainer(context, disk, staged, { size, baseSize: checked.virtualSize }, report);
    if (base.format === "raw") {
      await host.files.copy(base.path, staged, {
        signal,
        onProgress: (done, total) => report({ phase: "copy", done, total }),
      });
    } else {
      const total = checked.virtualSize;
      const onFraction = (fraction: number) => report({ phase: "convert", done: Math.round(fraction * total), total });
      await convertToRaw(host, { from: base.path, to: staged, format: base.format, bytes: total, signal, onFraction });
    }
    if (size > checked.virtualSize) {
      await host.files.truncate(staged, size);
      // The rest of a sector is no room for a file system.
      if (disk.size !== null) await growInside(context, disk, staged);
    }
    if (disk.preallocate === "space") await reserveSpace(context, staged, size);
  });
}
