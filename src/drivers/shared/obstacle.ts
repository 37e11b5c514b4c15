import { RefusedError } from "../../model/errors.ts";
import type { FileStat } from "../../model/host.ts";
import { typeText } from "../../tools/own-file.ts";
import { diskPhrase } from "../disk-phrase.ts";
import type { DiskSpec, DiskState } from "../driver.ts";

/** The state of a disk whose name something else has: a link, a special file, or a directory in place of a file. */
export function obstacleState(backend: string, format: DiskState["format"], stat: FileStat): DiskState {
  return { backend, format, size: 0, obstacle: typeText(stat.type) };
}

/** Throws a RefusedError when something else than a file of ours has the disk's name. Links are never followed. */
export function refuseObstacle({ name, owner, path }: DiskSpec, stat: FileStat | undefined, wanted: FileStat["type"] = "file"): void {
  if (stat === undefined || stat.type === wanted) return;
  throw new RefusedError(
    "disk-path-blocked",
    `${path} is ${typeText(stat.type)}, not the ${diskPhrase({ name, owner })}`,
    `Links are not followed and nothing was changed. Move the disk back to ${path}, or remove what is there.`,
  );
}
