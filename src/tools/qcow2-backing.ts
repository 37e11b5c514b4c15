import type { Context } from "../model/context.ts";
import type { Qcow2Header } from "./qcow2-header.ts";

/** The name of a disk's backing file, also where it lies beyond the bytes that were read with its header; undefined when it has none. */
export async function backingName({ host }: Pick<Context, "host">, path: string, header: Qcow2Header): Promise<string | undefined> {
  const { backing, backingAt } = header;
  if (backing !== undefined || backingAt === undefined || backingAt.length === 0) return backing;
  return (await host.files.read(path, backingAt))?.toString("utf8");
}
