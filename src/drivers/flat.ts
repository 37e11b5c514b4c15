import type { ReportProgress } from "../model/action.ts";
import type { Context } from "../model/context.ts";
import type { FileStat } from "../model/host.ts";
import { stagedPath } from "../model/layout.ts";
import { isExtFile } from "../tools/e2fs.ts";
import { convertToRaw } from "../tools/qemu-img.ts";
import { baseOf } from "./content.ts";
import type { BaseRef, DiskRef, DiskSpec, DiskState, Driver } from "./driver.ts";
import { checkBase, sizeOn } from "./shared/base-check.ts";
import { withBase } from "./shared/base-lease.ts";
import { makeBlankContent } from "./shared/blank-content.ts";
import { forgetDiskFormat, otherRecords, recordDiskFormat, refuseOtherRecord } from "./shared/disk-info.ts";
import { directoryOf } from "./shared/file-name.ts";
import { filePut } from "./shared/file-put.ts";
import { growInside } from "./shared/inner-growth.ts";
import { obstacleState, refuseObstacle } from "./shared/obstacle.ts";
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
    const [stats, marks, records] = await Promise.all([
      files.statMany(disks.map((disk) => disk.path)),
      files.statMany(disks.map((disk) => growthMark(disk))),
      otherRecords(context, disks, "raw"),
    ]);
    const found = new Map<string, DiskState>();
    for (const [index, disk] of disks.entries()) {
      const stat = stats[index];
      if (stat === undefined) continue;
      if (stat.type !== "file") {
        found.set(`${disk.uuid}/${disk.name}`, obstacleState("flat", "raw", stat));
        continue;
      }
      found.set(`${disk.uuid}/${disk.name}`, {
        backend: "flat",
        format: "raw",
        size: knownSize(stat, marks[index]),
        allocated: stat.allocated,
        ...records[index],
      });
    }
    return found;
  },

  async create(context, disk, report) {
    const { files } = context.host;
    await files.makeDirectory(directoryOf(disk));
    const stat = await files.stat(disk.path);
    refuseObstacle(disk, stat);
    const there = stat !== undefined;
    await recordDiskFormat(context, disk, "raw", there);
    if (there) return;
    const base = baseOf(disk);
    if (base === null) return publishDisk(context, disk, (staged) => makeEmpty(context, disk, staged));
    await withBase(context, base.entry, () => createOnBase(context, disk, base, report));
  },

  async grow(context, disk, bytes, online) {
    const { files } = context.host;
    const mark = growthMark(disk);
    const [stat, marked] = await files.statMany([disk.path, mark]);
    refuseObstacle(disk, stat);
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
    await removeDisk(context, disk);
    await forgetDiskFormat(context, disk);
  },

  attachment: (disk) => ({ type: "file", format: "raw", source: disk.path, secretUuid: null }),

  owns: (source, { path }) => source === path,

  where: ({ path }) => path,

  traits: { about: "raw file", files: true, reserves: true, encrypts: false, growsInside: true },

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

async function makeEmpty(context: Context, disk: DiskSpec, staged: string): Promise<void> {
  const size = requireSize(disk);
  await context.host.files.truncate(staged, size);
  await makeBlankContent(context, disk, staged);
  // Afterwards: mkfs gives back what it does not use.
  if (disk.preallocate === "space") await reserveSpace(context, staged, size);
}

async function createOnBase(context: Context, disk: DiskSpec, base: BaseRef, report: ReportProgress): Promise<void> {
  const { host, signal } = context;
  const checked = await checkBase(context, base);
  const size = sizeOn(disk, checked);
  await host.files.touch(base.path);
  await publishDisk(context, disk, async (staged) => {
    if (base.format === "raw") {
      await host.files.copy(base.path, staged, {
        signal,
        onProgress: (done, total) => report({ phase: "copy", done, total }),
      });
    } else {
      const total = checked.virtualSize;
      const onFraction = (fraction: number) => report({ phase: "convert", done: Math.round(fraction * total), total });
      await convertToRaw(host, { from: base.path, to: staged, format: base.format, signal, onFraction });
    }
    if (size > checked.virtualSize) {
      await host.files.truncate(staged, size);
      await growInside(context, disk, staged);
    }
    if (disk.preallocate === "space") await reserveSpace(context, staged, size);
  });
}
