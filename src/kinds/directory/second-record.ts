import { isDeepStrictEqual } from "node:util";
import { isObjectName } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import { readRecords, removeRecord, writeRecord } from "../presence/record-files.ts";
import { type AppliedDisk, readRecord, recordedVolume, recordProblem } from "../terms/disk-record.ts";
import type { VolumeDirectory, VolumeLabel } from "./volume-label.ts";

/** What the second record says of a volume. */
export interface RecordedVolume extends Pick<VolumeLabel, "volume" | "preventDestroy"> {
  readonly uuid: string;
  readonly applied: AppliedDisk;
}

/** Records a volume that exists in a second place, which is outside of the file system of the volumes. */
export async function recordVolume(context: Context, volume: RecordedVolume): Promise<void> {
  await writeRecord(context, nameOf(volume.uuid), recordOf(context, volume));
}

function recordOf({ project }: Context, { volume, preventDestroy, applied }: RecordedVolume) {
  return { version: 1, project, volume, preventDestroy, applied: recordedVolume(applied) };
}

/** Forgets a volume that is to be removed: before it is, so that an interrupted removal does not look like a loss. */
export function unrecordVolume(context: Context, uuid: string): Promise<void> {
  return removeRecord(context, nameOf(uuid));
}

/** Volumes of this project that are recorded. */
export async function recordedVolumes(context: Context): Promise<RecordedVolume[]> {
  return [...(await readRecords(context, pattern))].flatMap(([name, record]) => {
    const uuid = pattern.exec(name)?.[1] ?? "";
    const { project, volume, preventDestroy, applied } = record;
    if (project !== context.project || !isObjectName(volume) || recordProblem(applied) !== undefined) return [];
    return [{ uuid, volume, preventDestroy: preventDestroy !== false, applied: readRecord(applied, context.settings) }];
  });
}

/**
 * Records volumes of this project that exist and have no second record, or another than their label: those of earlier versions, and of an
 * apply that was interrupted.
 */
export async function recordVolumes(context: Context, directories: readonly VolumeDirectory[]): Promise<void> {
  const made = directories.flatMap(({ uuid, label }): RecordedVolume[] => {
    if (label?.project !== context.project || recordProblem(label.record) !== undefined) return [];
    const { volume, preventDestroy, record } = label;
    const applied = readRecord(record, context.settings);
    return applied.unfinished ? [] : [{ uuid, volume, preventDestroy, applied }];
  });
  if (made.length === 0) return;
  const known = await readRecords(context, pattern);
  for (const volume of made)
    if (!isDeepStrictEqual(known.get(nameOf(volume.uuid)), recordOf(context, volume))) await recordVolume(context, volume);
}

const pattern = /^volume-([0-9a-f-]{36})\.json$/;

function nameOf(uuid: string): string {
  return `volume-${uuid}.json`;
}
