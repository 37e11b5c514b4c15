import type { ReportProgress } from "../model/action.ts";
import type { Context } from "../model/context.ts";
import { stagedPath } from "../model/layout.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import { convertToRaw } from "../tools/conversion/convert-to-raw.ts";
import { descriptorText, parseDescriptorSize } from "../tools/ploop.ts";
import { touchUsed } from "../tools/touch-used.ts";
import { baseOf } from "./content.ts";
import type { BaseRef, DiskSpec, DiskState, Driver } from "./driver.ts";
import { checkBase, sizeOn } from "./shared/base-check.ts";
import { withBase } from "./shared/base-lease.ts";
import { makeBlankContent } from "./shared/blank-content.ts";
import { diskMode, fileOwners, restrictFile, wrongAccess } from "./shared/file-access.ts";
import { rawFileCost } from "./shared/file-cost.ts";
import { directoryOf } from "./shared/file-name.ts";
import { growInside } from "./shared/inner-growth.ts";
import { obstacleState, refuseObstacle } from "./shared/obstacle.ts";
import { growFile } from "./shared/size-growth.ts";
import { refuseToShrink, requireSize } from "./shared/size-rules.ts";

/** Names within the directory that a disk is (Nova LAY-18). */
const imageName = "root.hds";
const image = (directory: string) => `${directory}/${imageName}`;
const descriptor = (directory: string) => `${directory}/DiskDescriptor.xml`;

/** A descriptor is a few KiB, and no more of it is ever looked at. */
const longestDescriptor = 2 ** 20;

/** ploop counts in clusters. */
const cluster = 2 ** 20;

/**
 * Directories with a raw image and its descriptor (Nova PLOOP-01, PLOOP-03). Made without ploop's kernel module, which only
 * containers need, and without its program: a guest under qemu gets the image within, which is raw, and never qemu's guess about it.
 */
export const ploop: Driver = {
  name: "ploop",

  async list(context, disks) {
    const { files } = context.host;
    const [mode, owners, directories, images, descriptors] = await Promise.all([
      diskMode(context),
      fileOwners(context),
      files.statMany(disks.map(({ path }) => path)),
      files.statMany(disks.map(({ path }) => image(path))),
      files.readMany(disks.map(({ path }) => ({ path: descriptor(path), length: longestDescriptor }))),
    ]);
    const found = new Map<string, DiskState>();
    for (const [index, disk] of disks.entries()) {
      const stat = images[index];
      const told = descriptors[index];
      const obstacle = [directories[index], stat].find(
        (one, depth) => one !== undefined && one.type !== (depth === 0 ? "directory" : "file"),
      );
      if (obstacle !== undefined) {
        found.set(`${disk.uuid}/${disk.name}`, obstacleState("ploop", "raw", obstacle));
        continue;
      }
      if (stat?.type !== "file" || told === undefined) continue;
      const size = knownSize(stat.size, told);
      const access = wrongAccess(image(disk.path), stat, mode, owners);
      found.set(
        `${disk.uuid}/${disk.name}`,
        withoutUndefined({ backend: "ploop", format: "raw", size, allocated: stat.allocated, access } as const),
      );
    }
    return found;
  },

  async create(context, disk, report, recorded) {
    await recorded;
    const { files } = context.host;
    refuseObstacle(disk, await files.stat(disk.path), "directory");
    const [stat, told] = await files.statMany([image(disk.path), descriptor(disk.path)]);
    if (stat !== undefined) {
      // It was lost. The guest's data is in the image.
      if (told === undefined) await writeDescriptor(context, disk.path, stat.size);
      return;
    }
    await files.makeDirectory(directoryOf(disk));
    const base = baseOf(disk);
    if (base === null) return publish(context, disk, (path) => makeBlank(context, disk, path));
    await withBase(context, base.entry, () => createOnBase(context, disk, base, report));
  },

  async grow(context, disk, bytes, online) {
    const { files } = context.host;
    const stat = await files.stat(image(disk.path));
    refuseToShrink(disk, stat?.size, bytes);
    const told = await files.read(descriptor(disk.path));
    if (stat === undefined || (told !== undefined && knownSize(stat.size, told) >= bytes)) return;
    await growFile(context, disk, { path: image(disk.path), format: "raw" }, bytes, online);
    // Last: while it names the old size, the growth is incomplete. Only virtform writes it.
    await writeDescriptor(context, disk.path, Math.max(stat.size, bytes));
  },

  async remove(context, disk) {
    const { files } = context.host;
    await files.removeTree(staged(disk));
    // Its name goes first: half a directory must not look whole.
    if ((await files.stat(disk.path)) !== undefined) await files.publish(disk.path, staged(disk), 0o700);
    await files.removeTree(staged(disk));
  },

  attachment: (disk) => ({ type: "file", format: "raw", source: image(disk.path), secretUuid: null }),

  owns: (source, { path }) => source.startsWith(`${path}/`),

  restrict: async (context, { path }, owner) => restrictFile(context, image(path), await diskMode(context), owner),

  where: ({ path }) => path,

  // The driver reserves no space: a disk costs what a file with holes costs.
  cost: (disk, from) => rawFileCost({ ...disk, preallocate: "none" }, from),

  reading: { name: async (_context, { path }) => image(path) },

  traits: {
    about: "directory with a raw image and its descriptor",
    files: true,
    reserves: false,
    growsInside: true,
    steps: () => ({ bytes: cluster, why: "ploop counts in MiB" }),
  },
};

/** The size up to which everything is done: the descriptor is written last. */
function knownSize(length: number, told: Buffer): number {
  return Math.min(length, parseDescriptorSize(told.toString("utf8")) ?? length);
}

/** Writes or replaces the descriptor of an image of `bytes`. */
function writeDescriptor(context: Context, directory: string, bytes: number): Promise<void> {
  return context.host.files.writeAtomic(descriptor(directory), descriptorText(imageName, bytes), 0o644);
}

/** The name while it is not whole. */
function staged({ path }: Pick<DiskSpec, "path">): string {
  return stagedPath(path);
}

function wholeClusters(bytes: number): number {
  return Math.ceil(bytes / cluster) * cluster;
}

/** Makes image and descriptor in a directory with a staged name; a directory with the disk's name is whole. `make` gives the bytes of the image. */
async function publish(context: Context, disk: DiskSpec, make: (path: string) => Promise<number>): Promise<void> {
  const { files } = context.host;
  const directory = staged(disk);
  await files.removeTree(directory);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => files.removeTree(directory).catch(() => undefined));
  await files.change([{ do: "makeDirectory", path: directory }], "later");
  const bytes = await make(stagedPath(image(directory)));
  // In this order: a power cut must not leave a whole name with nothing in it. The directory is synced before it gets its name, which is
  // on the disk before its guest is defined or started, or its record says that it is whole.
  await files.change(
    [
      { do: "publish", staged: stagedPath(image(directory)), final: image(directory), mode: await diskMode(context) },
      { do: "write", path: descriptor(directory), data: descriptorText(imageName, bytes), mode: 0o644 },
      { do: "publish", staged: directory, final: disk.path, mode: 0o755 },
    ],
    "later",
  );
}

async function createOnBase(context: Context, disk: DiskSpec, base: BaseRef, report: ReportProgress): Promise<void> {
  const { host, signal } = context;
  const checked = await checkBase(context, base);
  const total = checked.virtualSize;
  const size = wholeClusters(sizeOn(disk, checked));
  await touchUsed(context, base.path);
  await publish(context, disk, async (path) => {
    const onFraction = (fraction: number) => report({ phase: "convert", done: Math.round(fraction * total), total });
    if (base.format === "raw")
      await host.files.copy(base.path, path, { signal, onProgress: (done) => report({ phase: "copy", done, total }) });
    else await convertToRaw(host, { from: base.path, to: path, format: base.format, bytes: total, signal, onFraction });
    if (size > total) {
      await host.files.truncate(path, size);
      await growInside(context, disk, path);
    }
    return Math.max(size, total);
  });
}

async function makeBlank(context: Context, disk: DiskSpec, path: string): Promise<number> {
  const size = wholeClusters(requireSize(disk));
  await context.host.files.truncate(path, size);
  await makeBlankContent(context, disk, path);
  return size;
}
