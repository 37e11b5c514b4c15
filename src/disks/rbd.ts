import type { ReportProgress } from "../model/action.ts";
import { instanceFiles } from "../model/layout.ts";
import { uuidV5 } from "../model/uuid.ts";
import { libvirtOf } from "../tools/libvirt.ts";
import { makeFilesystem } from "../tools/mkfs.ts";
import { convertToRaw } from "../tools/qemu-img.ts";
import { cloneRbd, createRbd, importRbd, qemuRbdName, type RbdName, rbdImages, rbdInfo, renameRbd, resizeRbd } from "../tools/rbd.ts";
import type { DiskBackend, DiskRef, DiskSpec, DiskState } from "./backend.ts";
import { checkBase, sizeOn } from "./base-check.ts";
import { withBase } from "./base-lease.ts";
import { rbdAttachment } from "./rbd-attachment.ts";
import { cloneable } from "./rbd-clone.ts";
import { removeRetiredDrives } from "./rbd-drive.ts";
import { labelRbd, ownRbdLabel, type RbdPlace, rbdName, rbdPart, rbdPlace, refuseForeignRbd } from "./rbd-place.ts";
import { removePartRbd, removeWholeRbd } from "./rbd-remove.ts";
import { resizeSnapshotOf } from "./rbd-snapshot.ts";
import { refuseToShrink, requireSize } from "./size-rules.ts";

/** Questions to a cluster side by side; each is a process. */
const sideBySide = 8;

/**
 * Images in Ceph (Nova RBD-01 … RBD-12). An image gets its name when it is whole, and tells itself whose it is.
 * `preallocate: space` does nothing here (Nova RBD-14): what a pool promises is the cluster's business.
 */
export const rbd: DiskBackend = {
  name: "rbd",

  async list(context, disks) {
    const pools = Map.groupBy(disks, (disk) => disk.place);
    const each = await Promise.all([...pools].map(([pool, some]) => listPool(rbdPlace(context, pool), some)));
    return new Map(each.flat());
  },

  async create(context, disk, report) {
    const place = rbdPlace(context, disk.place);
    const name = rbdName(place, disk);
    if ((await rbdInfo(place, name)) !== undefined) return refuseForeignRbd(place, name);
    await removePartRbd(place, name);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => removePartRbd(place, name).catch(() => undefined));
    const part = rbdPart(name);
    await fill(place, disk, part, report);
    await labelRbd(place, part, disk);
    await renameRbd(place, part, name);
    undo.move();
  },

  async grow(context, disk, bytes, online) {
    const place = rbdPlace(context, disk.place);
    const name = rbdName(place, disk);
    const size = (await rbdInfo(place, name))?.size;
    refuseToShrink(disk, size, bytes);
    if (size !== undefined && size >= bytes) return;
    await refuseForeignRbd(place, name);
    if (online !== undefined) return libvirtOf(context).blockResize(online.uuid, online.target, bytes);
    await resizeRbd(place, name, bytes);
  },

  async remove(context, disk) {
    const place = rbdPlace(context, disk.place);
    const name = rbdName(place, disk);
    await context.host.files.remove(stagedFile(disk));
    if (disk.name === instanceFiles.root) await removeRetiredDrives(place, disk.uuid);
    if ((await rbdInfo(place, name)) === undefined) return removePartRbd(place, name);
    await refuseForeignRbd(place, name);
    await removeWholeRbd(place, name);
  },

  attachment: rbdAttachment,

  place: ({ rbd: settings }) => settings?.pool,
};

async function listPool(place: RbdPlace, disks: readonly DiskRef[]): Promise<(readonly [string, DiskState])[]> {
  const images = new Map((await rbdImages(place, place.settings.pool)).map((image) => [image.name, image]));
  const there = disks.flatMap((disk) => {
    const name = rbdName(place, disk);
    const image = images.get(name.image);
    return image === undefined ? [] : [{ disk, name, image }];
  });
  const found: (readonly [string, DiskState])[] = [];
  for (let start = 0; start < there.length; start += sideBySide) {
    const some = there.slice(start, start + sideBySide);
    const labels = await Promise.all(some.map(({ name }) => ownRbdLabel(place, name)));
    for (const [index, { disk, image }] of some.entries()) {
      const label = labels[index];
      if (label === undefined) continue;
      const state = { backend: "rbd", format: "raw", size: image.size, ...resizeSnapshotOf(image, label) } as const;
      found.push([`${disk.uuid}/${disk.name}`, state]);
    }
  }
  return found;
}

/** Makes the image whole under its staged name, as large as wanted. */
async function fill(place: RbdPlace, disk: DiskSpec, part: RbdName, report: ReportProgress): Promise<void> {
  const { base } = disk;
  if (base === undefined) return makeBlank(place, disk, part);
  const parent = await cloneable(place, base.cloneFrom);
  if (parent !== undefined) {
    // The size is checked before anything is made (Nova RBD-07 finds out afterwards).
    const size = sizeOn(disk, { virtualSize: parent.size });
    await cloneRbd(place, parent.name, part);
    if (size > parent.size) await resizeRbd(place, part, size);
    return;
  }
  await withBase(place.context, base.entry, async () => {
    const checked = await checkBase(place.context, base);
    const total = checked.virtualSize;
    const size = sizeOn(disk, checked);
    await place.context.host.files.touch(base.path);
    const onFraction = (fraction: number) => report({ phase: "import", done: Math.round(fraction * total), total });
    if (base.format === "raw") await importRbd(place, base.path, part, onFraction);
    else
      await convertToRaw(place.context.host, {
        from: base.path,
        to: qemuRbdName(place, part),
        format: base.format,
        signal: place.context.signal,
        onFraction,
      });
    if (size > total) await resizeRbd(place, part, size);
  });
}

/** Where what shall be imported is made. */
function stagedFile({ path }: Pick<DiskRef, "path">): string {
  return `${path}.part`;
}

/** An empty image, or one with a filesystem, which is made in a file with holes and imported: only Ceph can write to Ceph. */
async function makeBlank(place: RbdPlace, disk: DiskSpec, part: RbdName): Promise<void> {
  const size = requireSize(disk);
  if (disk.content === undefined) return createRbd(place, part, size);
  const { files } = place.context.host;
  const staged = stagedFile(disk);
  await files.makeDirectory(place.context.layout.instance(disk.uuid));
  await files.remove(staged);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => files.remove(staged).catch(() => undefined));
  await files.truncate(staged, size);
  await makeFilesystem(place.context, staged, { ...disk.content, uuid: uuidV5(`filesystem/${disk.uuid}/${disk.name}`) });
  await importRbd(place, staged, part, () => {});
}
