import { type RbdDrive, rbdDrives } from "../../../drivers/rbd/drive.ts";
import type { Context } from "../../../model/context.ts";
import type { FileStat } from "../../../model/host.ts";
import type { Json } from "../../../model/json.ts";
import { instanceFiles } from "../../../model/layout.ts";
import type { InstanceLabel } from "../../directory/label.ts";
import type { PublicSeed, SeedState } from "../../terms/seed-state.ts";
import { secretsDigest } from "./secrets.ts";

/** What the label of an instance keeps of its config drive. The label is readable by its owner alone. */
export interface SeedRecord {
  readonly format: "iso9660" | "vfat";
  /** Absent: a file of the instance directory. */
  readonly backend?: "rbd";
  /** In which pool. Absent for files, and in labels of earlier versions. */
  readonly pool?: string;
  /** Base64. Kept so that a rebuilt drive is the same drive. */
  readonly randomSeed: string;
  /** What was last built; null while the first drive is in the making. */
  readonly built: {
    readonly digest: string;
    readonly secrets: string;
    readonly applied: PublicSeed;
    readonly sha256: string;
    readonly size: number;
    /** Of a file. */
    readonly mtimeMs: number;
    readonly inode: number;
  } | null;
}

export type { SeedState } from "../../terms/seed-state.ts";

/** The record in a label; undefined when there is none. A record that we do not understand counts as none. */
export function seedRecord(label: InstanceLabel | undefined): SeedRecord | undefined {
  const record = label?.objects[instanceFiles.configDrive] as unknown as Partial<SeedRecord> | null | undefined;
  return typeof record?.randomSeed === "string" && record.built !== undefined ? (record as SeedRecord) : undefined;
}

/** A record of a drive in Ceph with its pool. Those of earlier versions name none: then it is where the configuration says. */
export function withPool<Kept extends SeedRecord | undefined>(record: Kept, { settings }: Pick<Context, "settings">): Kept {
  if (record?.backend !== "rbd" || record.pool !== undefined || settings.rbd === undefined) return record;
  return { ...record, pool: settings.rbd.pool };
}

/** For looking a drive up. */
export function poolOf({ pool }: Pick<SeedRecord, "pool">): { readonly pool?: string } {
  return pool === undefined ? {} : { pool };
}

/** The config drives of labelled instance directories, by uuid. One look for all; only a file that seems touched is read. */
export async function observeSeeds(
  context: Context,
  directories: readonly { readonly uuid: string; readonly instance: string; readonly label: InstanceLabel }[],
): Promise<Map<string, SeedState>> {
  const found = directories.flatMap(({ uuid, instance, label }) => {
    const record = withPool(seedRecord(label), context);
    return record === undefined
      ? []
      : [{ owner: { uuid, instance }, record, path: context.layout.instanceFile(uuid, instanceFiles.configDrive) }];
  });
  const inCeph = found
    .filter(({ record }) => record.backend === "rbd")
    .map(({ owner, record }) => ({ uuid: owner.uuid, ...poolOf(record) }));
  const [stats, drives] = await Promise.all([
    context.host.files.statMany(found.map(({ path }) => path)),
    inCeph.length === 0 ? new Map<string, RbdDrive>() : rbdDrives(context, inCeph),
  ]);
  const states = await Promise.all(
    found.map(async ({ owner, record, path }, index) => {
      const state =
        record.backend === "rbd"
          ? seedInCeph(owner, record, drives.get(owner.uuid))
          : await seedState(context, owner, record, path, stats[index]);
      return [owner.uuid, state] as const;
    }),
  );
  return new Map(states);
}

/** One drive that is a file, given its record and what is at its path. */
export async function seedState(
  context: Context,
  owner: { readonly uuid: string; readonly instance: string },
  record: SeedRecord,
  path: string,
  stat: FileStat | undefined,
): Promise<SeedState> {
  return stateOf(owner, record, { intact: await isIntact(context, record.built, path, stat), missing: stat === undefined });
}

/** One drive in Ceph, given its record and what is there. */
export function seedInCeph(
  owner: { readonly uuid: string; readonly instance: string },
  record: SeedRecord,
  drive: RbdDrive | undefined,
): SeedState {
  const intact = record.built !== null && drive?.sha256 === record.built.sha256 && drive.size === record.built.size;
  return stateOf(owner, record, { intact, missing: drive === undefined });
}

function stateOf(
  owner: { readonly uuid: string; readonly instance: string },
  record: SeedRecord,
  found: Pick<SeedState, "intact" | "missing">,
): SeedState {
  const { built, format, backend, pool } = record;
  return {
    uuid: owner.uuid,
    instance: owner.instance,
    format,
    ...(backend === undefined ? {} : { backend }),
    ...(pool === undefined ? {} : { pool }),
    digest: built?.digest ?? null,
    ...found,
    applied: built?.applied ?? null,
    secretsMatch: (secrets) => built?.secrets === secretsDigest(secrets, Buffer.from(record.randomSeed, "base64")),
  };
}

async function isIntact(context: Context, built: SeedRecord["built"], path: string, stat: FileStat | undefined): Promise<boolean> {
  if (built === null || stat?.type !== "file" || stat.size !== built.size) return false;
  if (stat.mtimeMs === built.mtimeMs && stat.inode === built.inode) return true;
  const { sha256 } = await context.host.files.digest(path, ["sha256"]);
  return sha256 === built.sha256;
}

/** What `show` prints of a drive and what a saved plan stands on. */
export function describeSeed(state: SeedState): Json {
  return { ...state.applied, format: state.format, digest: state.digest, intact: state.intact };
}
