import { fileURLToPath } from "node:url";
import type { Context } from "../../model/context.ts";
import { CodedError } from "../../model/errors.ts";
import type { Transferred } from "../../model/host.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import type { GlanceImage } from "../../tools/openstack/image.ts";
import type { SourceRequest } from "../source.ts";
import { glanceSettingsOf } from "./settings.ts";

/**
 * Copies an image from a file of the host that Glance names as its location (Nova GCL-11, GCL-12): only where the scheme is allowed and the
 * file, links followed, is below an allowed directory. Undefined where there is none or this user may not read it: then it is downloaded.
 * The digest is compared by the caller, as of a download.
 */
export async function fetchDirect(
  { host, settings, signal }: Context,
  { to, digests, maxBytes, onProgress }: SourceRequest,
  { directUrl, locations }: GlanceImage,
): Promise<Transferred | undefined> {
  const { directSchemes, directories } = glanceSettingsOf(settings.drivers);
  if (!directSchemes.includes("file") || directories.length === 0) return undefined;
  const paths = [...(directUrl === null ? [] : [directUrl]), ...locations].flatMap((url) => pathIn(url) ?? []);
  const allowed = (await host.files.identify(directories)).flatMap((found) => found?.path ?? []);
  for (const found of await host.files.identify([...new Set(paths)])) {
    if (found === undefined || !allowed.some((directory) => found.path.startsWith(`${directory.replace(/\/$/, "")}/`))) continue;
    try {
      const stat = await host.files.stat(found.path);
      if (stat?.type !== "file" || (maxBytes !== undefined && stat.size > maxBytes)) continue;
      return await host.files.copy(found.path, to, withoutUndefined({ digests, signal, maxBytes, onProgress }));
    } catch (error) {
      // The store of Glance belongs to another user, who need not let this one read it.
      if (!(error instanceof CodedError) || error.code !== "permission-denied") throw error;
    }
  }
  return undefined;
}

function pathIn(url: string): string | undefined {
  if (!/^file:\/\/\//.test(url)) return undefined;
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}
