import type { ReportProgress } from "../../model/action.ts";
import { instanceFiles, stagedPath } from "../../model/layout.ts";
import { convertToRaw } from "../../tools/conversion/convert-to-raw.ts";
import { luksOpensWith } from "../../tools/luks.ts";
import {
  cloneRbd,
  createRbd,
  finishRbd,
  importRbd,
  qemuRbdName,
  type RbdName,
  rbdImage,
  rbdImages,
  renameRbd,
} from "../../tools/rbd/rbd.ts";
import { touchUsed } from "../../tools/touch-used.ts";
import { baseOf, blankOf } from "../content.ts";
import type { DiskRef, DiskSpec, DiskState, Driver } from "../driver.ts";
import { checkBase, sizeOn } from "../shared/base-check.ts";
import { withBase } from "../shared/base-lease.ts";
import { makeBlankContent } from "../shared/blank-content.ts";
import { directoryOf, fileName } from "../shared/file-name.ts";
import { isEncrypted, makeLuksDisk, plainContent } from "../shared/luks-disk.ts";
import { growOnline } from "../shared/online-growth.ts";
import { refuseToShrink, requireSize } from "../shared/size-rules.ts";
import { rbdAttachment } from "./attachment.ts";
import { cloneable, rbdClone } from "./clone.ts";
import { containerIn, containerKey, contentOf, reserveOf } from "./container.ts";
import { rbdCost } from "./cost.ts";
import { rbdPut, removeRetiredDrives } from "./drive.ts";
import { checkRbd, lookAtCluster, rbdDoctor, rbdPool } from "./look.ts";
import { diskLabelRbd, ownRbdLabel, type RbdPlace, rbdName, rbdPart, rbdPlace, refuseForeignRbd, refuseOtherMachines } from "./place.ts";
import { removePartRbd, removeWholeRbd } from "./remove.ts";
import { type CephFacts, type RbdSettings, rbdSchema, rbdSettings, readRbdSettings } from "./settings.ts";
import { confirmResize, makeResizeSnapshot, resizeSnapshotName, resizeSnapshotOf, rollBackResize } from "./snapshot.ts";

/**
 * Images in Ceph (Nova RBD-01 … RBD-12). An image gets its name when it is complete, and carries its owner.
 * `preallocate: space` does nothing here (Nova RBD-14): what a pool promises is the cluster's business.
 */
export const rbd: Driver<RbdSettings, CephFacts> = {
  name: "rbd",

  async list(context, disks) {
    const pools = Map.groupBy(disks, (disk) => disk.place);
    const each = await Promise.all([...pools].map(async ([pool, some]) => listPool(await rbdPlace(context, pool), some)));
    return new Map(each.flat());
  },

  async create(context, disk, report, recorded) {
    await recorded;
    const place = await rbdPlace(context, disk.place);
    const name = rbdName(place, disk);
    const found = await rbdImage(place, name);
    if (found !== undefined) return refuseForeignRbd(place, name, found);
    await removePartRbd(place, name);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => removePartRbd(place, name).catch(() => undefined));
    const part = rbdPart(name);
    await fill(place, disk, part, report);
    await renameRbd(place, part, name);
    undo.move();
  },

  async grow(context, disk, bytes, online) {
    const place = await rbdPlace(context, disk.place);
    const name = rbdName(place, disk);
    const image = await rbdImage(place, name);
    const found = image === undefined ? undefined : contentOf(image);
    refuseToShrink(disk, found?.size, bytes);
    if (found === undefined || found.size >= bytes) return;
    refuseForeignRbd(place, name, found);
    if (await growOnline(context, disk, `rbd:${name.pool}/${name.image}`, bytes, online)) return;
    // The content of a container is as long as the image allows.
    await finishRbd(place, name, { size: bytes + reserveOf(found) });
  },

  async remove(context, disk) {
    const place = await rbdPlace(context, disk.place);
    const name = rbdName(place, disk);
    await context.host.files.remove(stagedFile(disk));
    await context.host.files.remove(plainContent(disk));
    if (disk.name === instanceFiles.root) await removeRetiredDrives(place, disk.uuid);
    const found = await rbdImage(place, name);
    if (found === undefined) return removePartRbd(place, name);
    refuseForeignRbd(place, name, found);
    await removeWholeRbd(place, name);
  },

  attachment: rbdAttachment,

  guestDisk(disk, settings) {
    const { pool = "", user = null, conf = "" } = rbdSettings(settings) ?? {};
    return { file: `${disk.place ?? pool}/${disk.uuid}_${disk.name}`, format: "raw", ceph: { user: user ?? "admin", conf } };
  },

  owns: (source, { uuid, path }) => source.startsWith("rbd:") && source.endsWith(`/${uuid}_${fileName(path)}`),

  where: ({ uuid, name, place }) => `Image ${uuid}_${name} of pool ${place}`,

  reading: {
    async name(context, disk) {
      const place = await rbdPlace(context, disk.place);
      return qemuRbdName(place, rbdName(place, disk));
    },
  },

  traits: { about: "Ceph image", files: false, reserves: false, growsInside: false },

  // QEMU's container around the image rather than librbd's: disks of all drivers are opened alike, by every version of Ceph.
  encryption: {
    async opens(context, disk, passphrase) {
      const place = await rbdPlace(context, disk.place);
      return luksOpensWith(context.host, containerIn(place, rbdName(place, disk)), passphrase, context.signal);
    },
    growsOpened: false,
  },

  settings: { schema: rbdSchema, read: readRbdSettings },

  place: { key: "pool", of: ({ pool }) => pool },

  look: lookAtCluster,

  check: checkRbd,
  pool: rbdPool,

  doctor: rbdDoctor,

  checkpoint: {
    name: resizeSnapshotName,
    wanted: ({ role }, settings) => role === "root" && settings?.resizeSnapshot === true,
    make: makeResizeSnapshot,
    rollBack: rollBackResize,
    drop: confirmResize,
  },

  cost: rbdCost,

  clone: rbdClone,

  put: rbdPut,
};

async function listPool(place: RbdPlace, disks: readonly DiskRef[]): Promise<(readonly [string, DiskState])[]> {
  const names = disks.map((disk) => rbdName(place, disk).image);
  const images = await rbdImages(place, place.settings.pool, names);
  return disks.flatMap(({ uuid, name }, index) => {
    const image = images.get(names[index] ?? "");
    if (image === undefined) return [];
    // This host's own label names it: a collision, or a host with a new identity. Neither is a loss.
    refuseOtherMachines(place, rbdName(place, { uuid, name }), image);
    if (ownRbdLabel(place, image) === undefined) return [];
    const encryption = reserveOf(image) === 0 ? {} : { encryption: "luks" as const };
    const content = contentOf(image);
    return [
      [`${uuid}/${name}`, { backend: "rbd", format: "raw", size: content.size, ...encryption, ...resizeSnapshotOf(content) }] as const,
    ];
  });
}

/** Makes the image whole under its staged name, as large as wanted, with its label. */
async function fill(place: RbdPlace, disk: DiskSpec, part: RbdName, report: ReportProgress): Promise<void> {
  const base = baseOf(disk);
  const metadata = diskLabelRbd(place, disk);
  if (isEncrypted(disk)) return makeContainer(place, disk, part, report);
  if (base === null) return makeBlank(place, disk, part);
  const parent = await cloneable(place, base.cloneFrom);
  if (parent !== undefined) {
    // The size is checked before anything is made (Nova RBD-07 finds out afterwards).
    const size = sizeOn(disk, { virtualSize: parent.size });
    return cloneRbd(place, parent.name, part, { size, metadata });
  }
  await withBase(place.context, base.entry, async () => {
    const checked = await checkBase(place.context, base);
    const total = checked.virtualSize;
    const size = sizeOn(disk, checked);
    await touchUsed(place.context, base.path);
    const onFraction = (fraction: number) => report({ phase: "import", done: Math.round(fraction * total), total });
    if (base.format === "raw") return importRbd(place, base.path, part, { size, metadata, onFraction });
    await convertToRaw(place.context.host, {
      from: base.path,
      to: qemuRbdName(place, part),
      format: base.format,
      bytes: total,
      signal: place.context.signal,
      onFraction,
    });
    await finishRbd(place, part, { size, metadata });
  });
}

/** A clone shares the bytes of its parent, which are not encrypted: the content of an encrypted disk is copied. */
async function makeContainer(place: RbdPlace, disk: DiskSpec, part: RbdName, report: ReportProgress): Promise<void> {
  const { context } = place;
  const target = {
    name: qemuRbdName(place, part),
    at: containerIn(place, part),
    discard: () => removePartRbd(place, rbdName(place, disk)),
  };
  const make = async (size: number, baseSize: number) => {
    await makeLuksDisk(context, disk, target, { size, baseSize }, report);
    const bytes = (await rbdImage(place, part))?.size ?? size;
    await finishRbd(place, part, { metadata: [[containerKey, String(bytes - size)], ...diskLabelRbd(place, disk)] });
  };
  const base = baseOf(disk);
  if (base === null) return make(requireSize(disk), 0);
  await withBase(context, base.entry, async () => {
    const checked = await checkBase(context, base);
    await touchUsed(context, base.path);
    await make(sizeOn(disk, checked), checked.virtualSize);
  });
}

/** Where the content of an import is prepared. */
function stagedFile({ path }: Pick<DiskRef, "path">): string {
  return stagedPath(path);
}

/** An empty image, or one with a filesystem, which is made in a file with holes and imported: only Ceph can write to Ceph. */
async function makeBlank(place: RbdPlace, disk: DiskSpec, part: RbdName): Promise<void> {
  const size = requireSize(disk);
  const metadata = diskLabelRbd(place, disk);
  if (blankOf(disk) === null) return createRbd(place, part, size, { metadata });
  const { files } = place.context.host;
  const staged = stagedFile(disk);
  await files.makeDirectory(directoryOf(disk));
  await files.remove(staged);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => files.remove(staged).catch(() => undefined));
  await files.truncate(staged, size);
  await makeBlankContent(place.context, disk, staged);
  await importRbd(place, staged, part, { metadata });
}
