import type { Context } from "../../model/context.ts";
import { readRecords, removeRecord, writeRecord } from "../presence/record-files.ts";
import type { VolumeDirectory, VolumeLabel } from "./label.ts";

/** What is known of a volume whose directory is missing. */
export interface RecordedVolume extends Pick<VolumeLabel, "volume" | "preventDestroy" | "applied"> {
  readonly uuid: string;
}

/** Records a volume that exists in a second place, which is outside of the file system of the volumes. */
export async function recordVolume(context: Context, uuid: string, label: Omit<VolumeLabel, "version" | "project">): Promise<void> {
  const { volume, preventDestroy, applied } = label;
  await writeRecord(context, nameOf(uuid), { version: 1, project: context.project, volume, preventDestroy, applied });
}

/** Forgets a volume that is to be removed: before it is, so that an interrupted removal does not look like a loss. */
export function unrecordVolume(context: Context, uuid: string): Promise<void> {
  return removeRecord(context, nameOf(uuid));
}

/** Volumes of this project that are recorded and have no directory. */
export async function recordedVolumes(context: Context, directories: readonly VolumeDirectory[]): Promise<RecordedVolume[]> {
  const there = new Set(directories.map(({ uuid }) => uuid));
  return [...(await readRecords(context, pattern))].flatMap(([name, record]) => {
    const uuid = pattern.exec(name)?.[1] ?? "";
    const { project, volume, preventDestroy, applied } = record as Partial<VolumeLabel>;
    if (project !== context.project || typeof volume !== "string" || typeof applied?.backend !== "string" || there.has(uuid)) return [];
    return [{ uuid, volume, preventDestroy: preventDestroy !== false, applied }];
  });
}

/** Records volumes of this project that exist and have no second record: those of earlier versions, and of an apply that was interrupted. */
export async function recordVolumes(context: Context, directories: readonly VolumeDirectory[]): Promise<void> {
  const made = directories.flatMap(({ uuid, label }) => (label?.project === context.project && label.made ? [{ uuid, label }] : []));
  if (made.length === 0) return;
  const known = await readRecords(context, pattern);
  for (const { uuid, label } of made) if (!known.has(nameOf(uuid))) await recordVolume(context, uuid, label);
}

const pattern = /^volume-([0-9a-f-]{36})\.json$/;

function nameOf(uuid: string): string {
  return `volume-${uuid}.json`;
}
