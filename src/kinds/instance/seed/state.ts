import type { DiskRef } from "../../../drivers/driver.ts";
import { allDrivers, placeOf, plainFileDriver, putOf } from "../../../drivers/index.ts";
import type { Address } from "../../../model/address.ts";
import type { Context } from "../../../model/context.ts";
import type { Diagnostic } from "../../../model/diagnostic.ts";
import type { Json } from "../../../model/json.ts";
import { instanceFiles } from "../../../model/layout.ts";
import type { InstanceLabel } from "../../directory/label.ts";
import { type AskedDisk, askDrivers } from "../../disk/ask-drivers.ts";
import { damagedEntry } from "../../disk/damaged-entry.ts";
import { instanceOwner } from "../../terms/disk-owner.ts";
import type { DriveFormat } from "../../terms/drive-format.ts";
import { seeds } from "../../terms/seed-address.ts";
import type { SeedState } from "../../terms/seed-state.ts";
import { type BuiltSecrets, changedSecrets, type RecordedSecrets } from "./recorded-secrets.ts";

/** The record of a config drive in the label of its instance. Only the owner of the file can read the label. */
export interface SeedRecord {
  readonly format: DriveFormat;
  /** The driver that keeps it. */
  readonly backend: string;
  /** The pool or the like that it is kept in; null for a file. */
  readonly place: string | null;
  /** Base64. Kept so that a rebuilt drive has the same content. */
  readonly randomSeed: string;
  /** The drive that was last built; null while the first one is being built. */
  readonly built:
    | (BuiltSecrets & {
        readonly digest: string;
        readonly sha256: string;
        readonly size: number;
        /** Of the file that it was built as. */
        readonly mtimeMs: number;
        readonly inode: number;
      })
    | null;
}

export type { SeedState } from "../../terms/seed-state.ts";

/** The record in a label; undefined when there is none. A malformed record counts as none. */
export function seedRecord(label: InstanceLabel | undefined, { settings }: Pick<Context, "settings">): SeedRecord | undefined {
  const stored = label?.objects[instanceFiles.configDrive] as unknown as StoredSeed | null | undefined;
  if (typeof stored?.randomSeed !== "string" || !isBuilt(stored.built)) return undefined;
  const { format, randomSeed, built, backend = plainFileDriver } = stored;
  return { format, backend, place: stored.place ?? stored.pool ?? placeOf(backend, settings), randomSeed, built };
}

function isBuilt(built: unknown): built is SeedRecord["built"] {
  if (built === null) return true;
  if (typeof built !== "object") return false;
  const { applied, digest } = built as Readonly<Record<string, unknown>>;
  return typeof digest === "string" && typeof applied === "object" && applied !== null && !Array.isArray(applied);
}

/** A record in a label. A file has neither driver nor place; earlier versions call the place `pool`, still earlier ones do not record it. */
type StoredSeed = Omit<SeedRecord, "backend" | "place"> & { readonly backend?: string; readonly place?: string; readonly pool?: string };

/** A record as labels have it, in an order that does not change. */
export function storedSeed({ format, backend, place, randomSeed, built }: SeedRecord): Json {
  const kept = backend === plainFileDriver ? {} : { backend, ...(place === null ? {} : { place }) };
  return { format, ...kept, randomSeed, built };
}

/** The disk that a drive is. */
export function driveRef({ layout }: Pick<Context, "layout">, uuid: string, place: string | null): DiskRef {
  const name = instanceFiles.configDrive;
  return { uuid, name, path: layout.instanceFile(uuid, name), place };
}

/** What a look at config drives found. */
export interface SeedLook {
  /** By the uuid of the instance. */
  readonly states: ReadonlyMap<string, SeedState>;
  /** Drives about which nothing is known, because their record or their driver does not let us. */
  readonly unread: readonly Address[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The config drives of labelled instance directories, asked for as other disks are: once for each driver, and what is wrong with one drive
 * or one storage costs these drives alone. `values`: what their references stand for now.
 */
export async function observeSeeds(
  context: Context,
  directories: readonly { readonly uuid: string; readonly instance: string; readonly label: InstanceLabel }[],
  values: RecordedSecrets = nothingKnown,
): Promise<SeedLook> {
  const records = directories.flatMap(({ uuid, instance, label }) => {
    const record = seedRecord(label, context);
    if (record === undefined) return [];
    const owner = instanceOwner(context.layout, uuid, instance, false);
    return [{ address: seeds.at(instance), owner, backend: record.backend, record, ref: driveRef(context, uuid, record.place) }];
  });
  const [whole, damaged] = [true, false].map((fine) => records.filter(({ backend }) => keepsDrives(backend) === fine)) as [
    Asked[],
    Asked[],
  ];
  const { found, refused } = await askDrivers(whole, async ({ put }, mine) => (await put?.look(context, mine.map(lookedFor))) ?? new Map());
  const states = whole.flatMap(({ owner, record, ref }): [string, SeedState][] => {
    const state = found.get(`${ref.uuid}/${ref.name}`);
    return state === undefined ? [] : [[ref.uuid, stateOf({ uuid: ref.uuid, instance: owner.label }, record, state, values)]];
  });
  const problem = (backend: string) =>
    `The driver ("backend") is ${JSON.stringify(backend)}, and this version keeps config drives in ${namesOfKeepers()}`;
  const said = damaged.map(({ owner, address, backend }) =>
    damagedEntry(owner, `config drive of ${owner.label}`, problem(backend), address),
  );
  return {
    states: new Map(states),
    unread: [...damaged, ...refused.map(({ disk }) => disk)].map(({ address }) => address),
    diagnostics: [...said, ...refused.flatMap(({ diagnostics }) => diagnostics)],
  };
}

type Asked = AskedDisk & { readonly record: SeedRecord; readonly ref: DiskRef };

/** Whether a driver of this name, which a label gives, keeps config drives. */
function keepsDrives(name: string): boolean {
  return allDrivers().some((driver) => driver.name === name && driver.put !== undefined);
}

function namesOfKeepers(): string {
  return allDrivers()
    .flatMap(({ name, put }) => (put === undefined ? [] : [name]))
    .join(", ");
}

/** One drive, given its record. */
export async function seedState(
  context: Context,
  owner: { readonly uuid: string; readonly instance: string },
  record: SeedRecord,
): Promise<SeedState> {
  const ref = driveRef(context, owner.uuid, record.place);
  const found = await putOf(record.backend).look(context, [lookedFor({ record, ref })]);
  return stateOf(owner, record, found.get(`${ref.uuid}/${ref.name}`) ?? { intact: false, missing: true }, nothingKnown);
}

const nothingKnown: RecordedSecrets = () => ({ userData: undefined, adminPassword: undefined });

function lookedFor({ record, ref }: { readonly record: SeedRecord; readonly ref: DiskRef }) {
  return { ref, record: record.built };
}

function stateOf(
  owner: { readonly uuid: string; readonly instance: string },
  record: SeedRecord,
  found: Pick<SeedState, "intact" | "missing" | "access">,
  values: RecordedSecrets,
): SeedState {
  const { built, format, backend, place } = record;
  const changed = changedSecrets(built, values, Buffer.from(record.randomSeed, "base64"));
  return {
    uuid: owner.uuid,
    instance: owner.instance,
    format,
    backend,
    place,
    digest: built?.digest ?? null,
    ...found,
    applied: built?.applied ?? null,
    ...(changed.length === 0 ? {} : { changedSecrets: changed }),
  };
}

/** What `show` prints of a drive and saved plans are based on. */
export function describeSeed(state: SeedState): Json {
  return { ...state.applied, format: state.format, digest: state.digest, intact: state.intact };
}
