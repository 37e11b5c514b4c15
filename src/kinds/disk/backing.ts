import { baseOf as baseOfDisk } from "../../drivers/content.ts";
import type { BaseRef, DiskState, GrownBase } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";
import { directoryOf } from "../../drivers/shared/file-name.ts";
import { type Action, defineAction } from "../../model/action.ts";
import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { baseExists, bases, cachedImage } from "../image/address.ts";
import { backingExists, type DiskAddress, diskExists } from "../terms/disk-address.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { isInstanceDisk, type OwnedDisk } from "./disk.ts";

interface RebuildArgs {
  /** The driver of the disks that it backs. */
  readonly backend: string;
  readonly backing: GrownBase;
  readonly base: BaseRef;
  readonly format: "raw" | "qcow2" | null;
}

/** Makes the backing file of an old disk again. */
export const rebuildAction = defineAction<RebuildArgs>(
  "disk.rebuild_backing",
  [diskExists, backingExists],
  async (context, { backend, backing, base, format }, report) =>
    driverOf(backend).grownBases?.rebuild(context, backing, { base, format }, report),
);

/** Missing backing files of disks that are backed by a grown copy of a base image (Nova QCOW-06). */
export async function lostBackings(context: Context, disks: readonly DiskState[]): Promise<ReadonlyMap<string, GrownBase>> {
  const legacy = disks.flatMap(({ backend, backing }) =>
    backing === undefined ? [] : (driverOf(backend).grownBases?.parse(backing, context.layout.base) ?? []),
  );
  if (legacy.length === 0) return new Map();
  const stats = await context.host.files.statMany(legacy.map(({ path }) => path));
  return new Map(legacy.flatMap((one, index) => (stats[index] === undefined ? [[one.path, one] as const] : [])));
}

/** Files in the cache of base images that back disks and cannot be read as such: missing ones, directories, special files. `lostBackings` finds grown copies. */
export async function missingBases({ host, layout }: Context, disks: readonly DiskState[]): Promise<ReadonlySet<string>> {
  const isGrown = (backend: string, path: string) => driverOf(backend).grownBases?.parse(path, layout.base) !== undefined;
  const backing = disks.flatMap(({ backend, backing: path }) =>
    path === undefined || directoryOf({ path }) !== layout.base || isGrown(backend, path) ? [] : [path],
  );
  const paths = [...new Set(backing)];
  const stats = paths.length === 0 ? [] : await host.files.statMany(paths);
  // QEMU follows a link.
  return new Set(paths.filter((_, index) => !["file", "symlink"].includes(stats[index]?.type ?? "missing")));
}

/** The action that rebuilds the backing file of a disk; undefined when it exists, or cannot be rebuilt. */
export function rebuildOf(address: DiskAddress, want: OwnedDisk, have: OwnedDiskState, observed: Observed): Action | undefined {
  const { lostBacking: backing, disk } = have;
  const base = backing === null ? undefined : baseOf(want, backing, observed);
  if (backing === null || base === undefined) return undefined;
  const format = disk?.backingFormat === "qcow2" || disk?.backingFormat === "raw" ? disk.backingFormat : null;
  return {
    id: `${address}#rebuild-backing`,
    type: rebuildAction.type,
    address,
    summary: `rebuild its backing file, ${base.image} grown to ${formatQuantity(backing.bytes)}`,
    args: { backend: want.disk.backend, backing, base, format } as unknown as Action["args"],
    needs: [baseExists(bases.at(backing.entry))],
    makes: [diskExists(address), backingExists(address)],
    // It may back several disks.
    locks: [bases.at(backing.path.slice(backing.path.lastIndexOf("/") + 1))],
    effect: "none",
  };
}

/** A disk whose backing file is lost together with what it was made from. */
export function checkBacking(address: Address, want: OwnedDisk, have: OwnedDiskState, observed: Observed): Diagnostic[] {
  const { lostBacking: backing, baseTrouble, disk } = have;
  if (baseTrouble === "missing" && !isFetched(want, disk?.backing ?? "")) {
    const detail = `${disk?.backing} backs the disk and is missing, or is no regular file. It cannot be fetched${baseOfDisk(want.disk) === null ? "" : ", as the configured image has other content"}. Restore the file; without it the disk cannot be read, and the guest cannot start.`;
    return [problem("backing-file-lost", { summary: `The backing file of a disk of ${have.owner.label} is missing`, detail, address })];
  }
  if (backing === null || baseOf(want, backing, observed) !== undefined) return [];
  const detail = `${backing.path} backs the disk and is missing, and so is base image ${backing.entry}, which it could be rebuilt from. The configured image has different content now and cannot be used. Restore one of the two files; without them the disk cannot be read.`;
  return [problem("backing-file-lost", { summary: `The backing file of a disk of ${have.owner.label} is lost`, detail, address })];
}

/** Whether this plan fetches a base image that is missing: that of an image of the configuration. */
function isFetched(want: OwnedDisk, path: string): boolean {
  const isBehind = isInstanceDisk(want) && want.behind !== undefined;
  return !isBehind && baseOfDisk(want.disk)?.path === path;
}

/** The base image that the copy was made of: the configured one, which is fetched where it is missing, or one that is in the cache. */
function baseOf(want: OwnedDisk, { entry, path }: GrownBase, observed: Observed): BaseRef | undefined {
  // The earlier content of an image, which a disk behind it keeps, cannot be fetched.
  const wanted = isInstanceDisk(want) && want.behind !== undefined ? null : baseOfDisk(want.disk);
  if (wanted?.entry === entry) return wanted;
  const cached = cachedImage(observed, entry);
  if (cached === undefined) return undefined;
  return { image: cached.sidecar.image, entry, path: path.replace(/_\d+$/, ""), format: cached.sidecar.format, cloneFrom: [] };
}
