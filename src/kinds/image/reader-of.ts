import type { Context } from "../../model/context.ts";
import type { Read } from "./inspect/finding.ts";

/** Reads parts of a file of the host. A read throws once the run is aborted, so that a long examination ends. */
export function readerOf({ host, signal }: Pick<Context, "host" | "signal">, path: string): Read {
  return async (offset, length) => {
    signal.throwIfAborted();
    return (await host.files.read(path, { offset: Math.max(0, offset), length })) ?? Buffer.alloc(0);
  };
}
