import type { Context } from "../../model/context.ts";
import type { Read } from "./inspect/finding.ts";

/** Reads parts of a file of the host. */
export function readerOf(context: Pick<Context, "host">, path: string): Read {
  return async (offset, length) => (await context.host.files.read(path, { offset: Math.max(0, offset), length })) ?? Buffer.alloc(0);
}
