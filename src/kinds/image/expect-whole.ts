import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import type { ContentFormat } from "./inspect/finding.ts";
import { findIncomplete } from "./inspect/whole.ts";
import { readerOf } from "./reader-of.ts";

/** Throws a RefusedError (`image-incomplete`) when an image refers to bytes that its file does not have. */
export async function expectWhole(context: Context, path: string, bytes: number, format: ContentFormat): Promise<void> {
  const refusal = (await findIncomplete(format, readerOf(context, path), bytes))?.refusal;
  if (refusal !== undefined) throw new RefusedError(refusal.code, refusal.summary, refusal.detail);
}
