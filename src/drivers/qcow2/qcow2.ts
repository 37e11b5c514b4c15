import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import type { FileChange } from "../../model/host.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { backingName } from "../../tools/qcow2-backing.ts";
import { isQcow2, qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import { qcow2HeaderOf } from "../../tools/qcow2-header-of.ts";
import { convertToEncrypted, createQcow2, opensWith } from "../../tools/qemu-img.ts";
import { readManyOnce } from "../../tools/read-once.ts";
import { touchUsed } from "../../tools/touch-used.ts";
import { baseOf } from "../content.ts";
import { diskPhrase } from "../disk-phrase.ts";
import type { BaseRef, DiskSpec, DiskState, Driver } from "../driver.ts";
import { checkBase, sizeOn } from "../shared/base-check.ts";
import { withBase } from "../shared/base-lease.ts";
import { ownFilesystem } from "../shared/blank-content.ts";
import { diskFormatChanges, forgetDiskFormat, otherRecords, readDiskInfo, refuseOtherRecord } from "../shared/disk-info.ts";
import { diskMode, fileOwners, restrictFile, wrongAccess } from "../shared/file-access.ts";
import { obstacleState } from "../shared/obstacle.ts";
import { passphraseOf } from "../shared/passphrase.ts";
import { withSpaceErrors } from "../shared/preallocation.ts";
import { publishCopy, publishDisk, removeDisk } from "../shared/publish-disk.ts";
import { growFile } from "../shared/size-growth.ts";
import { refuseToShrink, requireSize } from "../shared/size-rules.ts";
import { overlayTemplate, templateHead } from "../shared/template.ts";
import { blankTemplate, blankTemplateName } from "../shared/template-blank.ts";
import { wholeSectors } from "../whole-sectors.ts";
import { qcow2Cost } from "./cost.ts";
import { legacyBacking, rebuildBacking } from "./legacy-backing.ts";

/**
 * Overlays on base images (Nova QCOW-01 … QCOW-11). With `preallocate: space` all clusters are assigned when a disk is made: to
 * reserve bytes of the file alone (Nova CACHE-06) does not reserve the clusters that a guest will write to.
 */
export const qcow2: Driver = {
  name: "qcow2",

  async list(context, disks) {
    const { files } = context.host;
    const paths = disks.map((disk) => disk.path);
    const [mode, owners, starts, stats, records] = await Promise.all([
      diskMode(context),
      fileOwners(context),
      readManyOnce(
        context,
        paths.map((path) => ({ path, length: qcow2HeaderBytes })),
      ),
      files.statMany(paths),
      otherRecords(context, disks, "qcow2"),
    ]);
    const found = new Map<string, DiskState>();
    for (const [index, disk] of disks.entries()) {
      const header = qcow2HeaderOf(starts[index] ?? Buffer.alloc(0))?.header;
      const stat = stats[index];
      if (stat !== undefined && stat.type !== "file") found.set(`${disk.uuid}/${disk.name}`, obstacleState("qcow2", "qcow2", stat));
      if (stat?.type !== "file") continue;
      if (header === undefined) {
        // It may hold data of a guest: it is neither a missing disk nor one to be written over.
        found.set(`${disk.uuid}/${disk.name}`, { backend: "qcow2", format: "qcow2", size: 0, obstacle: "a file that is not qcow2" });
        continue;
      }
      const backing = await backingName(context, disk.path, header);
      const encryption = header.encryption === 0 ? undefined : header.encryption === luks ? "luks" : "other";
      const state = { backend: "qcow2", format: "qcow2", size: header.virtualSize, allocated: stat.allocated } as const;
      const access = wrongAccess(disk.path, stat, mode, owners);
      const known = withoutUndefined({ access, marked: header.marked, backing, backingFormat: header.backingFormat, encryption } as const);
      found.set(`${disk.uuid}/${disk.name}`, { ...state, ...known, ...records[index] });
    }
    return found;
  },

  create: (context, disk, _report, recorded) => create(context, disk, recorded),

  async grow(context, disk, bytes, online) {
    const start = await context.host.files.read(disk.path, { offset: 0, length: qcow2HeaderBytes });
    if (start !== undefined) refuseOtherFormat(disk, start);
    const size = start === undefined ? undefined : readQcow2Header(start)?.header?.virtualSize;
    refuseToShrink(disk, size, bytes);
    await refuseOtherRecord(context, disk, "qcow2");
    if (size !== undefined && size >= bytes) return;
    await growFile(context, disk, { path: disk.path, format: "qcow2" }, bytes, online);
  },

  async remove(context, disk) {
    await removeDisk(context, disk);
    await forgetDiskFormat(context, disk);
  },

  attachment: ({ path, encryption }) => ({
    type: "file",
    format: "qcow2",
    source: path,
    secretUuid: encryption?.secretUuid ?? null,
  }),

  // The base image is opened as its backing file, which nothing writes to.
  guestDisk: ({ path }) => ({ file: path, format: "qcow2", ceph: null }),

  owns: (source, { path }) => source === path,

  // What is copied from a template has its mark.
  marks: (disk) => baseOf(disk) !== null && disk.encryption === null && disk.preallocate === "none",

  restrict: async (context, { path }, owner) => restrictFile(context, path, await diskMode(context), owner),

  where: ({ path }) => path,

  reading: { name: async (_context, { path }) => path },

  traits: { about: "thin overlay on the base image", files: true, reserves: true, growsInside: false },

  encryption: {
    opens: ({ host, signal }, { path }, passphrase) => opensWith(host, path, passphrase, signal),
    growsOpened: true,
  },

  cost: qcow2Cost,

  blankBase: (disk) => {
    const filesystem = ownFilesystem(disk);
    return filesystem === null ? undefined : blankTemplateName(disk.size ?? 0, filesystem);
  },

  grownBases: { parse: legacyBacking, rebuild: rebuildBacking },
};

/** In a header. */
const luks = 2;

async function create(context: Context, disk: DiskSpec, recorded: Promise<unknown> | undefined): Promise<void> {
  const { files } = context.host;
  const [existing, info] = await Promise.all([files.read(disk.path, { offset: 0, length: qcow2HeaderBytes }), readDiskInfo(context, disk)]);
  if (existing !== undefined) refuseOtherFormat(disk, existing);
  const record = diskFormatChanges(disk, "qcow2", existing !== undefined, info);
  const [base, blank] = [baseOf(disk), ownFilesystem(disk)];
  if (existing === undefined && base !== null)
    return withBase(context, base.entry, () => createOverlay(context, disk, base, record, recorded));
  await recorded;
  await files.change(record, "later");
  if (existing !== undefined) return;
  if (blank === null) {
    return publishDisk(context, disk, (staged) => createDirectly(context, disk, { path: staged, size: requireSize(disk) }));
  }
  const size = requireSize(disk);
  await withBase(context, blankTemplateName(size, blank), async () => {
    const template = await blankTemplate(context, size, blank);
    return disk.encryption === null
      ? createOverlay(context, disk, template, [], recorded)
      : createEncryptedCopy(context, disk, template, size);
  });
}

/** The caller holds the base. `record`: what says which format the disk has, to be written before it, and after `recorded` has resolved. */
async function createOverlay(
  context: Context,
  disk: DiskSpec,
  base: BaseRef,
  record: readonly FileChange[],
  recorded: Promise<unknown> | undefined,
): Promise<void> {
  const { files } = context.host;
  const used: FileChange = { do: "touch", path: base.path };
  if (disk.encryption === null && disk.preallocate === "none") {
    // Both looks together: the template's name follows from the size where one is given.
    const [checked, head] = await Promise.all([
      checkBase(context, base),
      disk.size === null ? undefined : templateHead(context, base, wholeSectors(disk.size)),
    ]);
    const template = await overlayTemplate(context, base, checked, wholeSectors(sizeOn(disk, checked)), head);
    await recorded;
    return publishCopy(context, disk, template, [...record, used]);
  }
  const checked = await checkBase(context, base);
  await recorded;
  const size = wholeSectors(sizeOn(disk, checked));
  await files.change([...record, used], "later");
  // A copy of an encrypted disk has its key, and one of a preallocated disk has holes again: each is made for itself.
  const { clusterSize } = checked;
  const backing = { path: base.path, format: base.format };
  await publishDisk(context, disk, (staged) =>
    createDirectly(context, disk, withoutUndefined({ path: staged, size, backing, clusterSize })),
  );
}

/** An encrypted empty disk has no backing file: all its content is encrypted, including the empty filesystem. */
async function createEncryptedCopy(context: Context, disk: DiskSpec, template: BaseRef, size: number): Promise<void> {
  const { host, signal } = context;
  const { passphrase = "" } = passphraseOf(context, disk);
  const preallocate = disk.preallocate === "space";
  await touchUsed(context, template.path);
  await publishDisk(context, disk, (to) =>
    withSpaceErrors(disk.path, size, () => convertToEncrypted(host, { from: template.path, to, passphrase, preallocate, signal })),
  );
}

type Making = Pick<Parameters<typeof createQcow2>[1], "path" | "size" | "backing" | "clusterSize">;

async function createDirectly(context: Context, disk: DiskSpec, making: Making): Promise<void> {
  const { host, signal } = context;
  // Clusters that are assigned and never written would decrypt to noise, unless there is something below them to show.
  const preallocate = disk.preallocate === "space" && (disk.encryption === null || making.backing !== undefined);
  await withSpaceErrors(disk.path, making.size, () =>
    createQcow2(host, { ...making, ...passphraseOf(context, disk), preallocate, signal }),
  );
}

/** A file of another format under the disk's name would be misread by the guest. */
function refuseOtherFormat(disk: DiskSpec, start: Buffer): void {
  if (isQcow2(start)) return;
  throw new RefusedError(
    "disk-format-changed",
    `${disk.path} exists and is not qcow2, the format of the ${diskPhrase(disk)}`,
    "It may hold data of a guest, so it is not changed: move it away, or restore the images_type that created it.",
  );
}
