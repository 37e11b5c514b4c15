import type { Context } from "../../model/context.ts";
import type { CommandError } from "../../model/errors.ts";
import { problem } from "../../model/problem.ts";
import { growExtFilesystem, isExtDevice, isExtFile } from "../../tools/e2fs.ts";
import { diskPhrase } from "../disk-phrase.ts";
import type { DiskSpec } from "../driver.ts";

/**
 * Makes an ext filesystem that has a disk to itself as large as the disk (Nova SIZE-06). Anything else inside is the guest's, and so is
 * a filesystem that its own programs find fault with, which is a warning. `path`: the file or device with the disk's bytes, which
 * no guest has.
 */
export async function growInside(context: Context, disk: DiskSpec, path: string, kind: "file" | "device" = "file"): Promise<void> {
  const isExt = kind === "file" ? isExtFile : isExtDevice;
  if (!(await isExt(context, path))) return;
  const failure = await growExtFilesystem(context, path);
  if (failure !== undefined) context.warn?.(notGrown(disk, failure));
}

function notGrown(disk: DiskSpec, { message }: CommandError) {
  return problem(
    "filesystem-not-grown",
    {
      summary: `The filesystem on the ${diskPhrase(disk)} keeps its size`,
      detail: `The disk has its new size and is complete. ${message} In the guest, e2fsck may repair it, and resize2fs grows it to the size of the disk.`,
    },
    "warning",
  );
}
