import type { DiskState } from "../../drivers/driver.ts";
import type { Context } from "../../model/context.ts";
import { layeredFormat } from "../../tools/image-format.ts";
import { qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import { smallestMarked } from "../../tools/qcow2-mark.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";

/** A disk that was made as an overlay of a base image. */
export interface Overlay {
  readonly path: string;
  readonly disk: DiskState;
  /** The cache entry that it was made from with a mark; null where it was made without one. */
  readonly markedOn: string | null;
}

/** What happened to the base of an overlay: it is another file now, or there is none and nothing in the overlay either. */
export type BaseTrouble = NonNullable<OwnedDiskState["baseTrouble"]>;

/** The longest table of clusters that is read: of a disk of 4 TiB with clusters of 64 KiB. */
const longestTable = 64 * 2 ** 20;

/**
 * Overlays whose base is not what it was made of, by path. One that was made whole (`virsh blockpull`, `qemu-img rebase`) has no base and is fine. Ordinary
 * overlays cost nothing: their base is in the directory of base images, and they have the mark with which they were made. One of the same base without it is
 * looked into.
 */
export async function lookAtBases(context: Context, overlays: readonly Overlay[]): Promise<ReadonlyMap<string, BaseTrouble>> {
  const { layout } = context;
  // By name: where the directory of base images was moved, a link leads to it from where it was.
  const isReplaced = ({ disk, markedOn }: Overlay) => markedOn !== null && disk.marked !== true && nameOf(disk.backing ?? "") === markedOn;
  const unusual = overlays.filter(
    (overlay) =>
      overlay.disk.format === layeredFormat &&
      overlay.disk.obstacle === undefined &&
      (isReplaced(overlay) || parentOf(overlay.disk.backing ?? "") !== layout.base),
  );
  const found = await Promise.all(
    unusual.map(async (overlay) => {
      const { path, disk } = overlay;
      const away = disk.backing === undefined ? undefined : await elsewhere(context, disk.backing);
      const trouble = disk.backing === undefined || (away === undefined && isReplaced(overlay)) ? await emptied(context, path) : away;
      return trouble === undefined ? [] : [[path, trouble] as const];
    }),
  );
  return new Map(found.flat());
}

/** Whether a backing file is outside of the directory of base images, by whatever path that is named. */
async function elsewhere({ host, layout }: Context, backing: string): Promise<BaseTrouble | undefined> {
  const [parent, base] = await host.files.identify([parentOf(backing), layout.base]);
  return parent !== undefined && parent.id === base?.id ? undefined : "elsewhere";
}

/** Whether no cluster of a disk was ever written: its first table is empty. */
async function emptied({ host }: Context, path: string): Promise<BaseTrouble | undefined> {
  const start = await host.files.read(path, { offset: 0, length: qcow2HeaderBytes });
  const header = start === undefined ? undefined : readQcow2Header(start)?.header;
  if (header === undefined || header.dataFile || (header.backingAt !== undefined && header.clusterSize < smallestMarked)) return undefined;
  const length = Math.min(header.l1Entries * 8, longestTable);
  const table = await host.files.read(path, { offset: header.l1Offset, length });
  return table?.every((byte) => byte === 0) === true ? "emptied" : undefined;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
