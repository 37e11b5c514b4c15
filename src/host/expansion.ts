import { RefusedError } from "../model/errors.ts";
import { expansion } from "../model/packing.ts";
import { formatQuantity } from "../model/quantity.ts";

/**
 * Throws a RefusedError (`image-bomb`) when the content of a compressed file is larger than honest content can be: counted are bytes that
 * are not zeros (`written`) and all of them (`length`), against the bytes that were `read` of the file.
 */
export function refuseBomb(what: string, read: number, content: { readonly written: number; readonly length: number }): void {
  const written = expansion.written + expansion.writtenRatio * read;
  const length = expansion.length + expansion.lengthRatio * read;
  if (content.written <= written && content.length <= length) return;
  const shown = content.written > written ? content.written : content.length;
  throw new RefusedError(
    "image-bomb",
    `${what} expands to more than ${formatQuantity(Math.floor(shown / 2 ** 20) * 2 ** 20)} from ${formatQuantity(read)}`,
    "Such a file can be made to fill a disk. If you trust it, unpack it first, and use the unpacked file as the source.",
  );
}
