import type { Context } from "../../model/context.ts";
import { uuidV5 } from "../../model/uuid.ts";
import { type Formatting, makeFilesystem } from "../../tools/mkfs.ts";
import { blankOf } from "../content.ts";
import type { DiskSpec } from "../driver.ts";

/** The filesystem that a disk holds at first, with an identity of its own, the same when the disk is made again; null for an empty disk. Pure. */
export function ownFilesystem(disk: DiskSpec): Formatting | null {
  const blank = blankOf(disk);
  if (blank === null) return null;
  return { filesystem: blank.filesystem, label: blank.label, uuid: uuidV5(`filesystem/${disk.uuid}/${disk.name}`) };
}

/** Makes the filesystem that a disk holds at first, directly in the file or device at `path`; nothing for an empty disk. */
export async function makeBlankContent(context: Context, disk: DiskSpec, path: string): Promise<void> {
  const filesystem = ownFilesystem(disk);
  if (filesystem !== null) await makeFilesystem(context, path, filesystem);
}
