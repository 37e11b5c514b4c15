import type { ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { tarToExt4 } from "../../tools/tar-to-ext4.ts";
import { isTarHeader } from "./archive/tar.ts";
import { readerOf } from "./reader-of.ts";
import type { ImageSpec } from "./spec.ts";

/**
 * Makes the raw file system of an image that was published as a tar archive of a root directory (`root-tar`). Gives the staged file and its length in
 * bytes. Throws a RefusedError for content that is no tar archive.
 */
export async function makeRoot(
  context: Context,
  { entry }: Pick<ImageSpec, "entry">,
  archive: { readonly path: string; readonly bytes: number },
  report: ReportProgress,
): Promise<{ readonly path: string; readonly bytes: number }> {
  if (!isTarHeader(await readerOf(context, archive.path)(0, 512)))
    throw new RefusedError(
      "image-format-mismatch",
      "The content is no tar archive, and disk_format says root-tar",
      "Formats are never guessed: correct disk_format, or say with unpack how the archive is compressed.",
    );
  const path = context.layout.baseConverted(entry);
  report({ phase: "convert", done: 0 });
  const bytes = await tarToExt4(context, { archive: archive.path, bytes: archive.bytes, to: path, mountPoint: context.layout.base });
  return { path, bytes };
}
