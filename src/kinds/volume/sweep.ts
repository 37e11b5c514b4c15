import { allDone } from "../../model/all-done.ts";
import type { Context } from "../../model/context.ts";
import { instanceFiles, isStagedDisk } from "../../model/layout.ts";
import { sweepRetired } from "../directory/retire-directory.ts";
import { recordVolumes } from "../directory/second-record.ts";
import { parseVolumeLabel, volumeDirectories } from "../directory/volume-label.ts";

/** Clears away what an interrupted apply of this project left half made or half removed beside volumes. */
export async function sweepVolumes(context: Context): Promise<void> {
  const { host, layout } = context;
  const isOurs = (label: Buffer | undefined) => parseVolumeLabel(label)?.project === context.project;
  const [, directories] = await allDone([sweepRetired(context, layout.volumes, isOurs), volumeDirectories(context)]);
  const written = [instanceFiles.label, instanceFiles.diskInfo];
  await recordVolumes(context, directories);
  for (const { uuid, label } of directories) {
    if (label?.project !== context.project) continue;
    for (const { name, type } of await host.files.list(layout.volume(uuid))) {
      const temporary = name.endsWith(".tmp") && written.some((target) => name.startsWith(`${target}.`));
      if (temporary) await host.files.remove(layout.volumeFile(uuid, name));
      if (type === "directory" && isStagedDisk(name)) await host.files.removeTree(layout.volumeFile(uuid, name));
    }
  }
}
