import type { Context } from "../../model/context.ts";
import { uuidV5 } from "../../model/uuid.ts";
import { makeFilesystem } from "../../tools/mkfs.ts";
import { blankOf } from "../content.ts";
import type { DiskSpec } from "../driver.ts";

/**
 * Makes the filesystem that a disk holds at first, directly in the file or device at `path`; nothing for an empty disk. The filesystem has
 * an identity of its own, the same when the disk is made again.
 */
export async function makeBlankContent(context: Context, disk: DiskSpec, path: string): Promise<void> {
  const blank = blankOf(disk);
  if (blank !== null) await makeFilesystem(context, path, { ...blank, uuid: uuidV5(`filesystem/${disk.uuid}/${disk.name}`) });
}
