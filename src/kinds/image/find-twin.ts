import type { Context } from "../../model/context.ts";
import type { Digests } from "../../model/host.ts";
import { isEntryName, readBases } from "./base-files.ts";
import type { ImageSidecar, ImageSpec } from "./spec.ts";

/**
 * The path of a whole base under another name that was made from the same bytes in the same way, so that it can be linked
 * instead of made again; undefined when there is none. Same bytes taken for another format, or never looked at, do not count. The digests are
 * asked for only where a base may be the same.
 */
export async function findTwin(
  context: Context,
  spec: ImageSpec,
  made: Omit<ImageSidecar, "digests">,
  digests: () => Promise<Digests>,
): Promise<string | undefined> {
  const names = (await context.host.files.list(context.layout.base)).map((file) => file.name);
  const others = names.filter((name) => isEntryName(name) && name !== spec.entry);
  for (const finding of await readBases(context, others)) {
    if (finding === undefined || "foreign" in finding) continue;
    const other = finding.base.sidecar;
    const mayBeSame =
      (other.bytes === undefined || made.bytes === undefined || other.bytes === made.bytes) &&
      other.diskFormat === made.diskFormat &&
      other.format === made.format &&
      other.unpack === made.unpack &&
      other.bootFile === made.bootFile;
    if (mayBeSame && other.digests.sha256 === (await digests()).sha256) return finding.base.path;
  }
  return undefined;
}
