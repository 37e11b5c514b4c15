import type { ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { RefusedError, userError } from "../../model/errors.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { type LuksPlace, luksOpensWith, luksReserve } from "../../tools/luks.ts";
import {
  activateVolume,
  addTag,
  clearVolume,
  convertIntoVolume,
  createPool,
  createVolume,
  devicePath,
  extendVolume,
  refreshVolume,
  removeTag,
  removeVolume,
  saysTaken,
  type VolumeName,
  volumeGroup,
  volumes,
} from "../../tools/lvm.ts";
import type { LogicalVolume } from "../../tools/lvm-output.ts";
import { touchUsed } from "../../tools/touch-used.ts";
import { baseOf, blankOf } from "../content.ts";
import type { BaseRef, DiskRef, DiskSpec, DiskState, Driver } from "../driver.ts";
import { checkBase, sizeOn } from "../shared/base-check.ts";
import { withBase } from "../shared/base-lease.ts";
import { makeBlankContent } from "../shared/blank-content.ts";
import { fileName } from "../shared/file-name.ts";
import { growInside } from "../shared/inner-growth.ts";
import { isEncrypted, makeLuksDisk, plainContent } from "../shared/luks-disk.ts";
import { growOnline } from "../shared/online-growth.ts";
import { refuseToShrink, requireSize } from "../shared/size-rules.ts";
import { checkLvm, lvmPool } from "./check.ts";
import { lvmClearing } from "./clearing.ts";
import { lvmCost } from "./cost.ts";
import { type LvmFacts, lookAtGroup, lvmDoctor } from "./look.ts";
import { type LvmSettings, lvmSchema, lvmSettings, readLvmSettings } from "./settings.ts";
import { poolName, type SparsePool, sparsePool, wholeExtents } from "./sparse.ts";
import { keepTaken, wasTaken } from "./taken.ts";

/** A volume that has it is being made. No guest has seen it. */
const incomplete = "virtform.incomplete";
/** A volume with this tag is being removed; it may be cleared already. */
const removing = "virtform.removing";
/** With the old size: the running guest may not have been told yet that the volume has grown, or the filesystem in it not made larger. */
const growing = "virtform.growing=";
/** With the bytes that a LUKS container takes of the volume, beside its content. */
const container = "virtform.luks=";

/**
 * Logical volumes (Nova LVM-01 … LVM-10). A volume is the owner's whose project its tag names; it is whole when the tag that
 * says otherwise is gone. Its size is a whole number of extents.
 */
export const lvm: Driver<LvmSettings, LvmFacts> = {
  name: "lvm",

  async list(context, disks) {
    const groups = [...new Set(disks.map((disk) => nameOf(context, disk).group))];
    const listed = await Promise.all(groups.map((group) => lookAtAll(context, group)));
    const byName = new Map(
      groups.flatMap((group, index) =>
        (listed[index] ?? []).map((volume) => [devicePath({ group, volume: volume.name }), volume] as const),
      ),
    );
    const found = new Map<string, DiskState>();
    for (const disk of disks) {
      const volume = byName.get(devicePath(nameOf(context, disk)));
      if (volume === undefined || !isOwn(context, volume) || !isWhole(volume)) continue;
      // A sparse volume does not say what it takes without being counted.
      const allocated = volume.sparse ? {} : { allocated: volume.size };
      const reserve = reserveOf(volume);
      const encryption = reserve === 0 ? {} : { encryption: "luks" as const };
      found.set(`${disk.uuid}/${disk.name}`, {
        backend: "lvm",
        format: "raw",
        size: knownSize(volume) - reserve,
        ...encryption,
        ...allocated,
      });
    }
    return found;
  },

  async create(context, disk, report, recorded) {
    await recorded;
    const name = nameOf(context, disk);
    const free = wasTaken(context, name.group, [name.volume, poolName(name.volume)]) === false;
    if (!free && (await findWhole(context, name))) return;
    try {
      await makeFilled(context, disk, report);
    } catch (error) {
      if (!free || !saysTaken(error)) throw error;
      if (!(await findWhole(context, name))) await makeFilled(context, disk, report);
    }
  },

  async grow(context, disk, bytes, online) {
    const name = nameOf(context, disk);
    const there = await look(context, name);
    const reserve = there.volume === undefined ? 0 : reserveOf(there.volume);
    refuseToShrink(disk, there.volume === undefined ? undefined : there.volume.size - reserve, bytes);
    if (there.volume === undefined) return;
    refuseForeign(context, name, there);
    const { size, tags } = there.volume;
    const wanted = bytes + reserve;
    const marks = tags.filter((tag) => tag.startsWith(growing));
    if (size >= wanted && marks.length === 0) return;
    if (!there.volume.active) await activateVolume(context, name);
    // A growth that was interrupted may have left the device halted, and the guest with it.
    else if (marks.length > 0) await refreshVolume(context, name);
    if (marks.length === 0) await addTag(context, name, `${growing}${size}`);
    if (size < wanted) await extendVolume(context, name, wanted);
    const told = await growOnline(context, disk, devicePath(name), bytes, online);
    if (!told && reserve === 0) await growInside(context, disk, devicePath(name), "device");
    for (const tag of marks.length === 0 ? [`${growing}${size}`] : marks) await removeTag(context, name, tag);
  },

  async remove(context, disk) {
    const name = nameOf(context, disk);
    const there = await look(context, name);
    refuseForeign(context, name, there);
    await context.host.files.remove(plainContent(disk));
    await removeAll(context, name, there);
  },

  attachment: (disk, { settings }) => ({
    type: "block",
    format: "raw",
    source: devicePath({ group: disk.place ?? lvmSettings(settings)?.volumeGroup ?? "", volume: volumeName(disk) }),
    secretUuid: disk.encryption?.secretUuid ?? null,
  }),

  guestDisk: (disk, settings) => ({
    file: devicePath({ group: disk.place ?? lvmSettings(settings)?.volumeGroup ?? "", volume: volumeName(disk) }),
    format: "raw",
    ceph: null,
  }),

  owns: (source, { uuid, path }) => source.startsWith("/") && source.endsWith(`/${volumeName({ uuid, name: fileName(path) })}`),

  where: (disk) => `Volume ${volumeName(disk)} of volume group ${disk.place}`,

  reading: {
    name: async (context, disk) => devicePath(nameOf(context, disk)),
    async prepare(context, disk) {
      const name = nameOf(context, disk);
      if ((await look(context, name)).volume?.active === false) await activateVolume(context, name);
    },
  },

  traits: {
    about: "logical volume",
    files: false,
    reserves: false,
    growsInside: true,
    mountable: true,
    steps: (group, settings) => {
      const extent = group?.extentSize ?? 0;
      const why = `logical volumes are a whole number of extents, and those of volume group ${settings?.volumeGroup} have ${formatQuantity(extent)}`;
      return { bytes: Math.max(1, extent), why };
    },
  },

  encryption: {
    async opens(context, disk, passphrase) {
      const name = nameOf(context, disk);
      if ((await look(context, name)).volume?.active === false) await activateVolume(context, name);
      return luksOpensWith(context.host, deviceOf(name), passphrase, context.signal);
    },
    growsOpened: false,
  },

  settings: { schema: lvmSchema, read: readLvmSettings },

  place: { key: "volume_group", of: ({ volumeGroup: group }) => group },

  look: lookAtGroup,

  check: checkLvm,
  pool: lvmPool,

  doctor: async (context) => (lvmSettings(context.settings) === undefined ? [] : lvmDoctor(context)),

  cost: lvmCost,

  clearing: lvmClearing,
};

/** Nova LAY-16: `<uuid>_<disk name>`, with every underscore of the disk's name doubled. */
export function volumeName({ uuid, name }: Pick<DiskRef, "uuid" | "name">): string {
  return `${uuid}_${name.replaceAll("_", "__")}`;
}

/** Nova LVM-01. */
function requiredSettings(context: Context): LvmSettings {
  const settings = lvmSettings(context.settings);
  if (settings !== undefined) return settings;
  throw userError(
    "lvm-not-configured",
    "Disks exist in LVM, but host.lvm is not configured",
    "Keep host: { lvm: { volume_group: … } } in the configuration as long as disks with images_type lvm exist.",
  );
}

function nameOf(context: Context, disk: Pick<DiskRef, "uuid" | "name" | "place">): VolumeName {
  return { group: disk.place ?? requiredSettings(context).volumeGroup, volume: volumeName(disk) };
}

function isWhole({ tags }: LogicalVolume): boolean {
  return !tags.includes(incomplete) && !tags.includes(removing);
}

/** The size up to which everything is done. */
function knownSize({ size, tags }: LogicalVolume): number {
  const from = tags.find((tag) => tag.startsWith(growing))?.slice(growing.length);
  return from === undefined || !/^\d+$/.test(from) ? size : Math.min(size, Number(from));
}

/** Bytes of a volume that a LUKS container takes beside its content; 0 without one. */
function reserveOf({ tags }: LogicalVolume): number {
  const bytes = Number(tags.find((tag) => tag.startsWith(container))?.slice(container.length) ?? 0);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0;
}

function deviceOf(name: VolumeName): LuksPlace {
  return { driver: "host_device", path: devicePath(name) };
}

/** A disk's volume and, for a sparse one, its pool, as found. */
interface Found {
  readonly volume: LogicalVolume | undefined;
  readonly pool: LogicalVolume | undefined;
}

async function lookAtAll(context: Context, group: string): Promise<LogicalVolume[]> {
  const all = await volumes(context, group);
  keepTaken(context, group, all);
  return all;
}

async function look(context: Context, { group, volume }: VolumeName): Promise<Found> {
  const all = await lookAtAll(context, group);
  const named = (wanted: string) => all.find(({ name }) => name === wanted);
  return { volume: named(volume), pool: named(poolName(volume)) };
}

/** Whether the volume exists and is complete. An incomplete one is removed. */
async function findWhole(context: Context, name: VolumeName): Promise<boolean> {
  const there = await look(context, name);
  refuseForeign(context, name, there);
  if (there.volume !== undefined && isWhole(there.volume)) return true;
  await removeAll(context, name, there);
  return false;
}

/** Clears a volume that a guest may have written to, and removes it (Nova LVM-08, LVM-09). */
async function removeAll(context: Context, name: VolumeName, { volume, pool }: Found): Promise<void> {
  if (volume !== undefined) {
    const { volumeClear, volumeClearSize } = requiredSettings(context);
    // Cleared by half it must not look whole.
    if (isWhole(volume)) await addTag(context, name, removing);
    // Overwriting a sparse volume would need the space that it was spared; what is being made no guest has seen.
    if (volumeClear !== "none" && !volume.sparse && !volume.tags.includes(incomplete)) {
      if (!volume.active) await activateVolume(context, name);
      await clearVolume(context, name, volumeClear, volumeClearSize === 0 ? volume.size : Math.min(volumeClearSize, volume.size));
    }
    // A pool takes along what is in it.
    if (pool === undefined || volume.pool !== pool.name) await removeVolume(context, name);
  }
  if (pool !== undefined) await removeVolume(context, poolOf(name));
}

function poolOf({ group, volume }: VolumeName): VolumeName {
  return { group, volume: poolName(volume) };
}

/** Characters that LVM's tags can hold; a project's name has no others. */
function ownerTag(project: string): string {
  return `virtform.owner=${project}`;
}

/** For people. What a tag cannot hold, as in `volume data`, is a slash in it. */
function instanceTag(owner: string): string {
  return `virtform.instance=${owner.replaceAll(/[^\w+.\-/=!:&#]/g, "/")}`;
}

function isOwn(context: Context, volume: LogicalVolume): boolean {
  return volume.tags.includes(ownerTag(context.project));
}

function refuseForeign(context: Context, { group }: VolumeName, { volume, pool }: Found): void {
  for (const there of [volume, pool]) {
    if (there === undefined || isOwn(context, there)) continue;
    const owner = there.tags.find((tag) => tag.startsWith("virtform.owner="))?.slice("virtform.owner=".length);
    throw new RefusedError(
      "disk-not-ours",
      `${group}/${there.name} exists and does not belong to project ${context.project}: ${owner === undefined ? "it has no owner tag" : `it belongs to project ${owner}`}`,
      `It may hold data of a guest, so it is not changed. If it is yours: lvchange --addtag ${ownerTag(context.project)} ${group}/${there.name}`,
    );
  }
}

async function makeFilled(context: Context, disk: DiskSpec, report: ReportProgress): Promise<void> {
  const base = baseOf(disk);
  const name = nameOf(context, disk);
  // Nova LVM-05: straight onto the volume.
  if (base === null) {
    const size = requireSize(disk);
    if (isEncrypted(disk)) return makeContainer(context, disk, { size, baseSize: 0 }, report);
    return make(context, disk, size, 0, () => makeBlankContent(context, disk, devicePath(name)));
  }
  await withBase(context, base.entry, async () => {
    const checked = await checkBase(context, base);
    await touchUsed(context, base.path);
    const [size, baseSize] = [sizeOn(disk, checked), checked.virtualSize];
    if (isEncrypted(disk)) return makeContainer(context, disk, { size, baseSize }, report);
    await make(context, disk, size, baseSize, () => fill(context, disk, base, baseSize, report));
  });
}

/** The content is at least as large as wanted: the container takes whole extents, and the guest gets what its header leaves of them. */
async function makeContainer(
  context: Context,
  disk: DiskSpec,
  sizes: { readonly size: number; readonly baseSize: number },
  report: ReportProgress,
): Promise<void> {
  const name = nameOf(context, disk);
  const { extentSize } = (await volumeGroup(context, name.group)) ?? { extentSize: 1 };
  const reserve = wholeExtents(luksReserve, extentSize);
  // A filesystem is written with all its zeros.
  const content = reserve + (baseOf(disk) === null && blankOf(disk) !== null ? sizes.size : sizes.baseSize);
  const target = { name: devicePath(name), at: deviceOf(name) };
  await make(context, disk, sizes.size + reserve, content, () => makeLuksDisk(context, disk, target, sizes, report), [
    `${container}${reserve}`,
  ]);
}

/** Makes a volume, has it filled, and takes away the tag that says it is not whole. A failure removes it again (Nova LVM-06). */
async function make(
  context: Context,
  disk: DiskSpec,
  bytes: number,
  content: number,
  work: () => Promise<void>,
  tags: readonly string[] = [],
): Promise<void> {
  const name = nameOf(context, disk);
  const pool = requiredSettings(context).sparse ? await poolFor(context, name.group, bytes, content) : undefined;
  const labels = [ownerTag(context.project), instanceTag(disk.owner.label)];
  await using undo = new AsyncDisposableStack();
  if (pool !== undefined) {
    await createPool(context, poolOf(name), pool.data, labels);
    undo.defer(() => removeVolume(context, poolOf(name)).catch(() => undefined));
  }
  const from = pool === undefined ? {} : { pool: poolName(name.volume) };
  await createVolume(context, name, { bytes, ...from, tags: [incomplete, ...labels, ...tags] });
  undo.defer(() => removeVolume(context, name).catch(() => undefined));
  await work();
  await removeTag(context, name, incomplete);
  undo.move();
}

async function poolFor(context: Context, group: string, bytes: number, content: number): Promise<SparsePool | undefined> {
  const { extentSize } = (await volumeGroup(context, group)) ?? { extentSize: 1 };
  return sparsePool(wholeExtents(bytes, extentSize), content, extentSize);
}

async function fill(context: Context, disk: DiskSpec, base: BaseRef, total: number, report: ReportProgress): Promise<void> {
  const name = nameOf(context, disk);
  const onFraction = (fraction: number) => report({ phase: "convert", done: Math.round(fraction * total), total });
  await convertIntoVolume(context, { from: base.path, format: base.format, to: name }, onFraction);
  // Nova LVM-04.
  if ((disk.size ?? 0) > total) await growInside(context, disk, devicePath(name), "device");
}
