import type { Context } from "../model/context.ts";
import { RefusedError } from "../model/errors.ts";
import { isQcow2, type Qcow2Header, qcow2HeaderBytes, readQcow2Header } from "../tools/qcow2-header.ts";
import { createQcow2 } from "../tools/qemu-img.ts";
import type { BaseRef, DiskBackend, DiskSpec, DiskState } from "./backend.ts";
import { checkBase, sizeOn } from "./base-check.ts";
import { withBase } from "./base-lease.ts";
import { forgetDiskFormat, recordDiskFormat } from "./disk-info.ts";
import { publishDisk, removeDisk } from "./publish-disk.ts";
import { growFile } from "./size-growth.ts";
import { refuseToShrink, requireSize } from "./size-rules.ts";
import { overlayTemplate } from "./template.ts";
import { blankTemplate, blankTemplateName } from "./template-blank.ts";

/**
 * Overlays on base images (Nova QCOW-01 … QCOW-08). `preallocate: space` does nothing here: reserving bytes of the file does
 * not reserve the clusters that a guest will write to, so it would promise what it cannot keep.
 */
export const qcow2: DiskBackend = {
  name: "qcow2",

  async list(context, disks) {
    const { files } = context.host;
    const paths = disks.map((disk) => disk.path);
    const [starts, stats] = await Promise.all([
      files.readMany(paths.map((path) => ({ path, length: qcow2HeaderBytes }))),
      files.statMany(paths),
    ]);
    const found = new Map<string, DiskState>();
    for (const [index, disk] of disks.entries()) {
      const header = readQcow2Header(starts[index] ?? Buffer.alloc(0))?.header;
      const stat = stats[index];
      if (header === undefined || stat?.type !== "file") continue;
      const backing = header.backing ?? (await distantBacking(context, disk.path, header));
      found.set(`${disk.uuid}/${disk.name}`, {
        backend: "qcow2",
        format: "qcow2",
        size: header.virtualSize,
        allocated: stat.allocated,
        ...(backing === undefined ? {} : { backing }),
      });
    }
    return found;
  },

  async create(context, disk) {
    const { files } = context.host;
    await files.makeDirectory(context.layout.instance(disk.uuid));
    const existing = await files.read(disk.path, { offset: 0, length: qcow2HeaderBytes });
    if (existing !== undefined) refuseOtherFormat(disk, existing);
    await recordDiskFormat(context, disk.uuid, disk.path, "qcow2");
    if (existing !== undefined) return;
    const { base, content } = disk;
    if (base !== undefined) return withBase(context, base.entry, () => createOverlay(context, disk, base));
    if (content === undefined) {
      return publishDisk(context, disk, (staged) =>
        createQcow2(context.host, { path: staged, size: requireSize(disk), signal: context.signal }),
      );
    }
    const size = requireSize(disk);
    await withBase(context, blankTemplateName(size, content), async () =>
      createOverlay(context, disk, await blankTemplate(context, size, content)),
    );
  },

  async grow(context, disk, bytes, online) {
    const start = await context.host.files.read(disk.path, { offset: 0, length: qcow2HeaderBytes });
    if (start !== undefined) refuseOtherFormat(disk, start);
    const size = start === undefined ? undefined : readQcow2Header(start)?.header?.virtualSize;
    refuseToShrink(disk, size, bytes);
    if (size !== undefined && size >= bytes) return;
    await growFile(context, disk, "qcow2", bytes, online);
  },

  async remove(context, disk) {
    await removeDisk(context, disk);
    await forgetDiskFormat(context, disk.uuid, disk.path);
  },

  attachment: (disk) => ({ type: "file", format: "qcow2", source: disk.path }),
};

/** The caller holds the base. */
async function createOverlay(context: Context, disk: DiskSpec, base: BaseRef): Promise<void> {
  const { files } = context.host;
  const checked = await checkBase(context, base);
  const template = await overlayTemplate(context, base, checked, wholeSectors(sizeOn(disk, checked)));
  await files.touch(base.path);
  await publishDisk(context, disk, async (staged) => void (await files.copy(template, staged)));
}

/** A file that is there under the disk's name and is something else would be given to the guest as what it is not. */
function refuseOtherFormat(disk: DiskSpec, start: Buffer): void {
  if (isQcow2(start)) return;
  throw new RefusedError(
    "disk-format-changed",
    `${disk.path} is there and is not qcow2, which is what disk ${disk.name} of ${disk.instance} shall be. It may hold a guest's data, so it stays: move it away, or set images_type back to what made it.`,
  );
}

/** qcow2 counts in sectors; a base that ends within one is read as if zeros followed. */
function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / 512) * 512;
}

/** The backing file's name where it lies beyond the bytes that were read at first. */
async function distantBacking(context: Context, path: string, { backingAt }: Qcow2Header): Promise<string | undefined> {
  if (backingAt === undefined || backingAt.length === 0) return undefined;
  return (await context.host.files.read(path, backingAt))?.toString("utf8");
}
