import { baseOf, blankOf, injectedInto } from "../../drivers/content.ts";
import type { DiskSpec } from "../../drivers/driver.ts";
import { driverNames, driverOf, placeOf } from "../../drivers/index.ts";
import type { Json } from "../../model/json.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Filesystem } from "../../tools/mkfs.ts";

/** What was last applied to a disk, as the label of its owner records it. */
export interface AppliedDisk {
  /** The driver. */
  readonly backend: string;
  /** The volume group or pool that it was put into; null for a file. */
  readonly place: string | null;
  /** Bytes; null kept the size of the image. */
  readonly size: number | null;
  /** Name of the image in the configuration, and its cache entry at the time; null for a disk that is made from nothing. */
  readonly image: string | null;
  readonly entry: string | null;
  /** What that entry was made from (`contentRecord` of `image`); null: an earlier version made the disk, or its image was not in the cache. */
  readonly content: string | null;
  /** Of a disk that is made from nothing. */
  readonly filesystem: Filesystem | null;
  /** The name by which the configuration distinguishes the ephemerals of an instance; null for none. */
  readonly ephemeral: string | null;
  readonly encrypted: boolean;
  /** What was written into it before the first boot (`injectionRecord`), or that this was not finished; null for nothing. */
  readonly injected: string | null;
  /** It was made with a mark (`marks` of its driver), which earlier versions did not do. */
  readonly marked: boolean;
  /** It is being created or removed: if it is missing, it is not lost. */
  readonly unfinished: boolean;
}

/** One recorded value. `absent`: what a record without it means; such a value is not written unless earlier versions need the key. */
interface Recorded<Value> {
  /** What is applied by creating or changing a disk of this spec. Pure. */
  readonly of: (disk: DiskSpec) => Value;
  readonly type: "text" | "bytes" | "flag";
  readonly absent: Value;
  readonly alwaysWritten: boolean;
}

/** The record, value by value, in the order in which it is written. */
const fields: { readonly [Key in keyof AppliedDisk]: Recorded<AppliedDisk[Key]> } = {
  backend: { of: (disk) => disk.backend, type: "text", absent: "", alwaysWritten: true },
  place: { of: (disk) => disk.place, type: "text", absent: null, alwaysWritten: false },
  size: { of: (disk) => disk.size, type: "bytes", absent: null, alwaysWritten: true },
  image: { of: (disk) => baseOf(disk)?.image ?? null, type: "text", absent: null, alwaysWritten: true },
  entry: { of: (disk) => baseOf(disk)?.entry ?? null, type: "text", absent: null, alwaysWritten: true },
  // Known when the disk is made: see `disk.create`.
  content: { of: () => null, type: "text", absent: null, alwaysWritten: false },
  filesystem: { of: (disk) => blankOf(disk)?.filesystem ?? null, type: "text", absent: null, alwaysWritten: false },
  ephemeral: { of: (disk) => blankOf(disk)?.name ?? null, type: "text", absent: null, alwaysWritten: false },
  encrypted: { of: (disk) => disk.encryption !== null, type: "flag", absent: false, alwaysWritten: false },
  injected: { of: injectedInto, type: "text", absent: null, alwaysWritten: false },
  marked: { of: (disk) => driverOf(disk.backend).marks?.(disk) === true, type: "flag", absent: false, alwaysWritten: false },
  unfinished: { of: () => false, type: "flag", absent: false, alwaysWritten: false },
};

const rows = Object.entries(fields) as readonly (readonly [keyof AppliedDisk, Recorded<AppliedDisk[keyof AppliedDisk]>])[];

const appliedTo = new WeakMap<DiskSpec, AppliedDisk>();

/** What the record of a disk is after a change to this spec. Pure. Remembered: a plan asks several times for every disk. */
export function appliedOf(disk: DiskSpec): AppliedDisk {
  const known = appliedTo.get(disk);
  if (known !== undefined) return known;
  const applied: Partial<Record<keyof AppliedDisk, AppliedDisk[keyof AppliedDisk]>> = {};
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index] as (typeof rows)[number];
    applied[row[0]] = row[1].of(disk);
  }
  appliedTo.set(disk, applied as unknown as AppliedDisk);
  return applied as unknown as AppliedDisk;
}

/** The record of a disk that stays, with the names that this spec has for it and for its content. Pure. */
export function renamedRecord(applied: AppliedDisk, disk: DiskSpec): AppliedDisk {
  const wanted = appliedOf(disk);
  return { ...applied, ephemeral: wanted.ephemeral, image: isSameContent(wanted, applied) ? wanted.image : applied.image };
}

/** Whether both are made from an image with the same content, whatever its name is. Pure. */
export function isSameContent(wanted: Pick<AppliedDisk, "entry">, applied: Pick<AppliedDisk, "entry">): boolean {
  return wanted.entry !== null && wanted.entry === applied.entry;
}

/** A record as labels, plans and `show` have it. Pure. */
export function recordedDisk(applied: AppliedDisk): { readonly [key: string]: Json } {
  return Object.fromEntries(
    rows.flatMap(([key, { absent, alwaysWritten }]) => (alwaysWritten || applied[key] !== absent ? [[key, applied[key]]] : [])),
  );
}

/** The same without values that are null, as labels of volumes and plans for volumes have it. Pure. */
export function recordedVolume(applied: AppliedDisk): { readonly [key: string]: Json } {
  return Object.fromEntries(Object.entries(recordedDisk({ ...applied, unfinished: false })).filter(([, value]) => value !== null));
}

const expected = { text: "a string", bytes: "a number of bytes", flag: "true or false" } as const;

const isOfType = {
  text: (value: unknown) => typeof value === "string",
  bytes: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0,
  flag: (value: unknown) => typeof value === "boolean",
} as const;

/** What is wrong with a record in a label, as a sentence without its full stop; undefined for one that can be used. Nothing is assumed about the value. Pure. */
export function recordProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "The entry is not a JSON object";
  const record = value as Readonly<Record<string, unknown>>;
  if (typeof record["backend"] !== "string") return 'The driver ("backend") is missing';
  if (!driverNames().includes(record["backend"]))
    return `The driver ("backend") is ${JSON.stringify(record["backend"])}, and this version supports ${driverNames().join(", ")}`;
  if (record["size"] === undefined) return '"size" is missing';
  const wrong = rows.find(([key, { type }]) => record[key] != null && !isOfType[type](record[key]));
  return wrong === undefined ? undefined : `"${wrong[0]}" is not ${expected[wrong[1].type]}`;
}

/** A record in which `recordProblem` finds nothing wrong. Labels of earlier versions name no place: it is the configured one. Pure. */
export function readRecord(value: unknown, settings: HostSettings): AppliedDisk {
  const record = value as Readonly<Record<string, unknown>>;
  const applied: Record<string, unknown> = {};
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index] as (typeof rows)[number];
    applied[row[0]] = record[row[0]] ?? row[1].absent;
  }
  applied["place"] ??= placeOf(applied["backend"] as string, settings);
  return applied as unknown as AppliedDisk;
}

/** The values that make a disk another one: a disk never changes into one with another of these. */
const identity = ["filesystem", "image", "backend", "place"] as const;

/** The first value by which the wanted disk is another one than the disk that was applied; undefined if it is the same. Pure. */
export function anotherBy(wanted: AppliedDisk, applied: AppliedDisk): (typeof identity)[number] | undefined {
  return identity.find((key) => wanted[key] !== applied[key] && !(key === "image" && isSameContent(wanted, applied)));
}

/** The key in the configuration that names the place of a driver's disks: `volume_group`, `pool`. */
export function placeKey(driver: string): string {
  return driverOf(driver).place?.key ?? "place";
}

/** Values of a record as a plan lists them, by the names that the configuration has for them, in this order; without those that are absent. */
export function shownValues(applied: AppliedDisk, keys: readonly (keyof AppliedDisk)[]): [string, string | number | boolean | null][] {
  return keys.flatMap((key): [string, string | number | boolean | null][] => {
    if (key !== "size" && applied[key] === fields[key].absent) return [];
    return [[key === "place" ? placeKey(applied.backend) : key === "ephemeral" ? "name" : key, applied[key]]];
  });
}
