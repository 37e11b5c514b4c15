import type { DiskSpec } from "../../drivers/driver.ts";
import { addressName, isObjectName } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import { instanceFiles, isUuidDirectory } from "../../model/layout.ts";
import { readOwnFiles } from "../../tools/own-file.ts";
import { type AppliedDisk, recordedVolume } from "../terms/disk-record.ts";
import { type DamagedLabel, damageOf, jsonObject, refuseDamaged } from "./label.ts";
import { recordVolume } from "./second-record.ts";

/** The label of a volume's directory: whose it is and what was last applied to it. */
export interface VolumeLabel {
  readonly project: string;
  readonly volume: string;
  readonly preventDestroy: boolean;
  /** The record of its disk, unchecked. */
  readonly record: unknown;
}

/** Reads a label. Undefined when it is absent or not ours to understand. */
export function parseVolumeLabel(content: Buffer | undefined): VolumeLabel | undefined {
  const label = jsonObject(content);
  if (label === undefined || label["version"] !== 1 || label["applied"] === undefined) return undefined;
  const { project, volume, preventDestroy, made, applied } = label;
  if (typeof project !== "string" || !isObjectName(volume) || !isFlag(preventDestroy) || !isFlag(made)) return undefined;
  const isRecord = typeof applied === "object" && applied !== null && !Array.isArray(applied);
  // A volume's label says that the disk is finished where that of an instance says that it is not.
  const record = isRecord ? { ...applied, unfinished: made !== true } : applied;
  return { project, volume, preventDestroy: preventDestroy === true, record };
}

/** A label as it is written. Pure. */
export function volumeLabelText(project: string, volume: string, preventDestroy: boolean, applied: AppliedDisk): string {
  return `${JSON.stringify({ version: 1, project, volume, preventDestroy, applied: recordedVolume(applied), made: !applied.unfinished })}\n`;
}

function isFlag(value: unknown): boolean {
  return value === undefined || typeof value === "boolean";
}

/** The label of a volume, where it has one. Throws a RefusedError for one that cannot be used. */
export async function readVolumeLabel(context: Context, uuid: string): Promise<VolumeLabel | undefined> {
  const path = context.layout.volumeFile(uuid, instanceFiles.label);
  const [file = { content: undefined }] = await readOwnFiles(context, [path]);
  const label = parseVolumeLabel(file.content);
  if (label === undefined) refuseDamaged(path, damageOf(file, "volume"));
  return label;
}

/** Writes the label of a volume, and the second record of one that exists, making the directory as needed. The caller holds the volume's lock. */
export async function writeVolumeLabel(
  context: Context,
  { uuid, owner }: Pick<DiskSpec, "uuid" | "owner">,
  applied: AppliedDisk,
): Promise<void> {
  const { host, layout, project } = context;
  await host.files.makeDirectory(layout.volume(uuid));
  const [volume, preventDestroy] = [addressName(owner.address), owner.protects];
  const text = volumeLabelText(project, volume, preventDestroy, applied);
  await host.files.writeAtomic(layout.volumeFile(uuid, instanceFiles.label), text, 0o600);
  if (!applied.unfinished) await recordVolume(context, { uuid, volume, preventDestroy, applied });
}

/** The directory of a volume as found. */
export interface VolumeDirectory {
  readonly uuid: string;
  readonly label: VolumeLabel | undefined;
  /** What is wrong with a label that exists and cannot be used. */
  readonly damage: DamagedLabel | undefined;
}

/** The directories of volumes, each with its label where it has one. */
export async function volumeDirectories(context: Context): Promise<VolumeDirectory[]> {
  const { files } = context.host;
  const entries = (await files.list(context.layout.volumes)).filter(({ name, type }) => type === "directory" && isUuidDirectory(name));
  const labels = await readOwnFiles(
    context,
    entries.map(({ name }) => context.layout.volumeFile(name, instanceFiles.label)),
  );
  return entries.map(({ name }, index) => {
    const file = labels[index] ?? { content: undefined };
    const label = parseVolumeLabel(file.content);
    return { uuid: name, label, damage: label === undefined ? damageOf(file, "volume") : undefined };
  });
}
