import type { Context } from "../../model/context.ts";
import type { Sought } from "../../model/sought.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { earlierVolumes, renames } from "../config/renames.ts";
import { type RecordedVolume, recordedVolumes } from "../directory/second-record.ts";
import { type VolumeDirectory, volumeDirectories } from "../directory/volume-label.ts";
import { derivedUuid } from "../terms/identity.ts";
import { volumeUuid } from "./spec.ts";

/** The volumes of a host, and how those of this project are called. */
export interface VolumeNames {
  /** A damaged label of this project has the name of the volume, where that is known. */
  readonly directories: readonly VolumeDirectory[];
  /** Those whose directory is missing. */
  readonly recorded: readonly RecordedVolume[];
  /** Of this project, by uuid: as labels have them, or what is known in place of a damaged one. */
  readonly names: ReadonlyMap<string, string>;
  /** The names that the configuration has for some of them instead, by uuid. */
  readonly renamed: ReadonlyMap<string, string>;
}

/** Looks up the volumes of the host by their labels and their second records. */
export async function volumeNames(context: Context, sought: Pick<Sought, "volumes">): Promise<VolumeNames> {
  const { project } = context;
  const [found, records] = await Promise.all([volumeDirectories(context), recordedVolumes(context)]);
  const directories = found.map((directory) => withName(directory, project, sought, records));
  const there = new Set(directories.map(({ uuid }) => uuid));
  const recorded = records.filter(({ uuid }) => !there.has(uuid));
  const names = new Map<string, string>(recorded.map(({ uuid, volume }) => [uuid, volume]));
  for (const { uuid, label, damage } of directories) {
    if (label?.project === project) names.set(uuid, label.volume);
    else if (damage?.project === project && damage.name !== undefined) names.set(uuid, damage.name);
  }
  const isCreatedAs = (uuid: string, name: string) => derivedUuid("volume", project, name) === uuid;
  return { directories, recorded, names, renamed: renames(earlierVolumes(sought), names, isCreatedAs) };
}

/** A directory whose label does not say which volume it is: the second record does, or the uuid is the one of a declared volume. */
function withName(
  directory: VolumeDirectory,
  project: string,
  { volumes = {} }: Pick<Sought, "volumes">,
  records: readonly RecordedVolume[],
): VolumeDirectory {
  const { uuid, damage } = directory;
  if (damage === undefined || (damage.project !== undefined && damage.project !== project)) return directory;
  const declared = () => Object.keys(volumes).find((name) => volumeUuid(project, name) === uuid);
  const name = damage.name ?? records.find((record) => record.uuid === uuid)?.volume ?? declared();
  const isOurs = damage.project === project || (name !== undefined && (damage.name === undefined || volumeUuid(project, name) === uuid));
  return isOurs ? { ...directory, damage: { ...damage, project, ...withoutUndefined({ name }) } } : directory;
}
