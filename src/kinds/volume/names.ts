import type { Context } from "../../model/context.ts";
import { earlierVolumes, renames } from "../config/renames.ts";
import type { Config } from "../config.ts";
import { type RecordedVolume, recordedVolumes } from "../directory/second-record.ts";
import { type VolumeDirectory, volumeDirectories } from "../directory/volume-label.ts";
import { derivedUuid } from "../terms/identity.ts";

/** The volumes of a host, and how those of this project are called. */
export interface VolumeNames {
  readonly directories: readonly VolumeDirectory[];
  /** Those whose directory is missing. */
  readonly recorded: readonly RecordedVolume[];
  /** Of this project, by uuid: as labels have them. */
  readonly names: ReadonlyMap<string, string>;
  /** The names that the configuration has for some of them instead, by uuid. */
  readonly renamed: ReadonlyMap<string, string>;
}

/** Looks up the volumes of the host by their labels and their second records. */
export async function volumeNames(context: Context, config: Config): Promise<VolumeNames> {
  const [found, known] = await Promise.all([volumeDirectories(context), recordedVolumes(context)]);
  const directories = found.map((directory) => withName(directory, context, known, config));
  const there = new Set(directories.map(({ uuid }) => uuid));
  const recorded = known.filter(({ uuid }) => !there.has(uuid));
  const names = new Map<string, string>(recorded.map(({ uuid, volume }) => [uuid, volume]));
  for (const { uuid, label } of directories) if (label?.project === context.project) names.set(uuid, label.volume);
  const isCreatedAs = (uuid: string, name: string) => derivedUuid("volume", context.project, name) === uuid;
  return { directories, recorded, names, renamed: renames(earlierVolumes(config), names, isCreatedAs) };
}

/** A directory whose label says nothing at all is still known by the second record of the volume, or by the uuid that follows from a declared name. */
function withName(
  directory: VolumeDirectory,
  { project }: Context,
  recorded: readonly RecordedVolume[],
  { volumes = {} }: Config,
): VolumeDirectory {
  const { uuid, damage } = directory;
  if (damage === undefined || damage.project !== undefined || damage.name !== undefined) return directory;
  const name =
    recorded.find((one) => one.uuid === uuid)?.volume ??
    Object.keys(volumes).find((declared) => derivedUuid("volume", project, declared) === uuid);
  return name === undefined ? directory : { ...directory, damage: { ...damage, project, name } };
}
