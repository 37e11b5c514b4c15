import type { Context } from "../../model/context.ts";
import { instanceFiles, isUuidDirectory } from "../../model/layout.ts";
import { readOwnFiles } from "../../tools/own-file.ts";
import { type DamagedLabel, damageOf, jsonObject, refuseDamaged } from "../directory/label.ts";
import { recordVolume } from "./second-record.ts";
import type { AppliedVolume } from "./spec.ts";

/** The label of a volume's directory: whose it is and what was last applied to it. */
export interface VolumeLabel {
  readonly version: 1;
  readonly project: string;
  readonly volume: string;
  readonly preventDestroy: boolean;
  /** Whether the volume was once there whole. */
  readonly made: boolean;
  readonly applied: AppliedVolume;
}

/** Reads a label. Undefined when it is absent or not ours to understand. */
export function parseVolumeLabel(content: Buffer | undefined): VolumeLabel | undefined {
  const label = jsonObject(content);
  if (label === undefined || label["version"] !== 1 || label["applied"] === undefined) return undefined;
  const { project, volume, preventDestroy, made } = label;
  const whole = typeof project === "string" && typeof volume === "string" && isFlag(preventDestroy) && isFlag(made);
  return whole ? (label as unknown as VolumeLabel) : undefined;
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

/** Writes a label, and the second record of a volume that exists, making the directory as needed. The caller holds the volume's lock. */
export async function writeVolumeLabel(context: Context, uuid: string, label: Omit<VolumeLabel, "version" | "project">): Promise<void> {
  const { host, layout, project } = context;
  await host.files.makeDirectory(layout.volume(uuid));
  const whole: VolumeLabel = { version: 1, project, ...label };
  await host.files.writeAtomic(layout.volumeFile(uuid, instanceFiles.label), `${JSON.stringify(whole)}\n`, 0o600);
  if (label.made) await recordVolume(context, uuid, label);
}

/** The directory of a volume as found. */
export interface VolumeDirectory {
  readonly uuid: string;
  readonly label: VolumeLabel | undefined;
  /** A label exists and cannot be used. */
  readonly damage?: DamagedLabel;
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
    const damage = label === undefined ? damageOf(file, "volume") : undefined;
    return { uuid: name, label, ...(damage === undefined ? {} : { damage }) };
  });
}
