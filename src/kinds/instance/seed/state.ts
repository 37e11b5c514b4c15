import type { DiskRef } from "../../../drivers/driver.ts";
import { allDrivers, placeOf, plainFileDriver, putOf } from "../../../drivers/index.ts";
import type { Context } from "../../../model/context.ts";
import type { Json } from "../../../model/json.ts";
import { instanceFiles } from "../../../model/layout.ts";
import type { InstanceLabel } from "../../directory/label.ts";
import type { PublicSeed, SeedState } from "../../terms/seed-state.ts";
import { compareSecrets, type RecordedSecrets } from "./recorded-secrets.ts";
import { secretsDigest } from "./secrets.ts";

/** The record of a config drive in the label of its instance. Only the owner of the file can read the label. */
export interface SeedRecord {
  readonly format: "iso9660" | "vfat";
  /** The driver that keeps it. Absent: a file of the instance directory. */
  readonly backend?: string;
  /** The pool or the like that it is kept in. Absent for files, and in labels of earlier versions. */
  readonly place?: string;
  /** Base64. Kept so that a rebuilt drive has the same content. */
  readonly randomSeed: string;
  /** The drive that was last built; null while the first one is being built. */
  readonly built: {
    readonly digest: string;
    readonly secrets: string;
    readonly applied: PublicSeed;
    readonly sha256: string;
    readonly size: number;
    /** Of the file that it was built as. */
    readonly mtimeMs: number;
    readonly inode: number;
  } | null;
}

export type { SeedState } from "../../terms/seed-state.ts";

/** The record in a label; undefined when there is none. A malformed record counts as none. */
export function seedRecord(label: InstanceLabel | undefined, { settings }: Pick<Context, "settings">): SeedRecord | undefined {
  const stored = label?.objects[instanceFiles.configDrive] as unknown as
    | (Partial<SeedRecord> & { readonly pool?: string })
    | null
    | undefined;
  if (typeof stored?.randomSeed !== "string" || stored.built === undefined) return undefined;
  // Earlier versions recorded `pool`, still earlier ones nothing: then the place is the configured one.
  const { pool, ...record } = stored as SeedRecord & { readonly pool?: string };
  const place = record.place ?? pool ?? (record.backend === undefined ? undefined : placeOf(record.backend, settings));
  return place === undefined ? record : { ...record, place };
}

/** The driver that keeps a drive. */
export function keeperOf({ backend }: { readonly backend?: string | null }): string {
  return backend ?? plainFileDriver;
}

/** The disk that a drive is. */
export function driveRef(context: Pick<Context, "layout">, uuid: string, { place = null }: { readonly place?: string | null }): DiskRef {
  const name = instanceFiles.configDrive;
  return { uuid, name, path: context.layout.instanceFile(uuid, name), ...(place === null ? {} : { place }) };
}

/** The config drives of labelled instance directories, by uuid. One look for each driver. `values`: what their references stand for now. */
export async function observeSeeds(
  context: Context,
  directories: readonly { readonly uuid: string; readonly instance: string; readonly label: InstanceLabel }[],
  values: RecordedSecrets = () => null,
): Promise<Map<string, SeedState>> {
  const records = directories.flatMap(({ uuid, instance, label }) => {
    const record = seedRecord(label, context);
    return record === undefined ? [] : [{ owner: { uuid, instance }, record, ref: driveRef(context, uuid, record) }];
  });
  const looks = allDrivers().map(async ({ name, put }) => {
    const mine = records.filter(({ record }) => keeperOf(record) === name);
    const found = put === undefined || mine.length === 0 ? undefined : await put.look(context, mine.map(lookedFor));
    return mine.flatMap(({ owner, record, ref }): [string, SeedState][] => {
      const state = found?.get(`${ref.uuid}/${ref.name}`);
      return state === undefined ? [] : [[owner.uuid, stateOf(owner, record, state, values)]];
    });
  });
  return new Map((await Promise.all(looks)).flat());
}

/** One drive, given its record. */
export async function seedState(
  context: Context,
  owner: { readonly uuid: string; readonly instance: string },
  record: SeedRecord,
): Promise<SeedState> {
  const ref = driveRef(context, owner.uuid, record);
  const found = await putOf(keeperOf(record)).look(context, [lookedFor({ record, ref })]);
  return stateOf(owner, record, found.get(`${ref.uuid}/${ref.name}`) ?? { intact: false, missing: true }, () => null);
}

function lookedFor({ record, ref }: { readonly record: SeedRecord; readonly ref: DiskRef }) {
  return { ref, record: record.built };
}

function stateOf(
  owner: { readonly uuid: string; readonly instance: string },
  record: SeedRecord,
  found: Pick<SeedState, "intact" | "missing">,
  values: RecordedSecrets,
): SeedState {
  const { built, format, backend = null, place = null } = record;
  return {
    uuid: owner.uuid,
    instance: owner.instance,
    format,
    backend,
    place,
    digest: built?.digest ?? null,
    ...found,
    applied: built?.applied ?? null,
    secrets: compareSecrets(built, values, (secrets) => secretsDigest(secrets, Buffer.from(record.randomSeed, "base64"))),
  };
}

/** What `show` prints of a drive and saved plans are based on. */
export function describeSeed(state: SeedState): Json {
  return { ...state.applied, format: state.format, digest: state.digest, intact: state.intact };
}
