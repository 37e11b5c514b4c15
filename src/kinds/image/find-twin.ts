import type { Context } from "../../model/context.ts";
import { isEntryName, readBases } from "./base-files.ts";
import type { ImageSidecar, ImageSpec } from "./spec.ts";

/**
 * The path of a whole base under another name that was made from the same bytes in the same way, so that it can be linked
 * instead of made again; undefined when there is none. Same bytes taken for another format, or never looked at, do not count.
 */
export async function findTwin(context: Context, spec: ImageSpec, sidecar: ImageSidecar): Promise<string | undefined> {
  const names = (await context.host.files.list(context.layout.base)).map((file) => file.name);
  const others = names.filter((name) => isEntryName(name) && name !== spec.entry);
  for (const finding of await readBases(context, others)) {
    if (finding === undefined || "foreign" in finding) continue;
    const other = finding.base.sidecar;
    const same =
      other.digests.sha256 === sidecar.digests.sha256 &&
      other.diskFormat === sidecar.diskFormat &&
      other.format === sidecar.format &&
      other.unpack === sidecar.unpack &&
      other.bootFile === sidecar.bootFile;
    if (same) return finding.base.path;
  }
  return undefined;
}
