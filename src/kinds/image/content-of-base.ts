import type { Context } from "../../model/context.ts";
import { readOwnFiles } from "../../tools/own-file.ts";
import { contentRecord } from "./content-record.ts";
import { parseSidecar } from "./sidecar.ts";

/** What the base image of an entry was made from, as its sidecar says; null without one. */
export async function contentOfBase(context: Context, entry: string): Promise<string | null> {
  const [file] = await readOwnFiles(context, [context.layout.baseSidecar(entry)]);
  const sidecar = parseSidecar(file?.content);
  return sidecar === undefined ? null : contentRecord(sidecar);
}
