import type { Context } from "../../model/context.ts";
import { instanceFiles, isUuidDirectory } from "../../model/layout.ts";
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
  if (content === undefined) return undefined;
  try {
    const label = JSON.parse(content.toString("utf8")) as VolumeLabel;
    const whole = label.version === 1 && typeof label.project === "string" && typeof label.volume === "string";
    return whole && typeof label.applied === "object" ? label : undefined;
  } catch {
    return undefined;
  }
}

/** The label of a volume, where it has one. */
export async function readVolumeLabel(context: Context, uuid: string): Promise<VolumeLabel | undefined> {
  return parseVolumeLabel(await context.host.files.read(context.layout.volumeFile(uuid, instanceFiles.label)));
}

/** Writes a label, making the directory as needed. The caller holds the volume's lock. */
export async function writeVolumeLabel(context: Context, uuid: string, label: Omit<VolumeLabel, "version" | "project">): Promise<void> {
  const { host, layout, project } = context;
  await host.files.makeDirectory(layout.volume(uuid));
  const whole: VolumeLabel = { version: 1, project, ...label };
  await host.files.writeAtomic(layout.volumeFile(uuid, instanceFiles.label), `${JSON.stringify(whole)}\n`, 0o600);
}

/** The directories of volumes, each with its label where it has one. */
export async function volumeDirectories(context: Context): Promise<{ readonly uuid: string; readonly label: VolumeLabel | undefined }[]> {
  const { files } = context.host;
  const entries = (await files.list(context.layout.volumes)).filter(({ name, type }) => type === "directory" && isUuidDirectory(name));
  const labels = await files.readMany(entries.map(({ name }) => ({ path: context.layout.volumeFile(name, instanceFiles.label) })));
  return entries.map(({ name }, index) => ({ uuid: name, label: parseVolumeLabel(labels[index]) }));
}
