import { fileURLToPath } from "node:url";
import type { Context } from "../../model/context.ts";
import { CodedError, errorMessage } from "../../model/errors.ts";
import type { Transferred } from "../../model/host.ts";
import { problem } from "../../model/problem.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import type { GlanceImage } from "../../tools/openstack/image.ts";
import { parseRbdAddress } from "../../tools/rbd/address.ts";
import { rbd } from "../rbd.ts";
import type { SourceRequest } from "../source.ts";
import { type GlanceSettings, glanceSettingsOf } from "./settings.ts";

/**
 * Reads an image from where Glance says that it is stored, as far as the settings allow it; undefined where nothing is allowed or could be read,
 * so that it is downloaded. The digest is compared by the caller, as of a download.
 */
export async function fetchDirect(context: Context, request: SourceRequest, image: GlanceImage): Promise<Transferred | undefined> {
  return (await copyFile(context, request, image)) ?? (await exportSnapshot(context, request, image));
}

/** Addresses of the snapshots in Ceph that the image may be read from (Nova GCL-13). Pure. */
export function snapshotsOf({ directUrl, locations }: GlanceImage, { rbdDownload }: GlanceSettings): string[] {
  if (!rbdDownload) return [];
  const all = [...(directUrl === null ? [] : [directUrl]), ...locations];
  return [...new Set(all.filter((url) => parseRbdAddress(url) !== undefined))];
}

/** Exports a snapshot in Ceph to the host. What fails there is a warning, because the service has the same bytes. */
async function exportSnapshot(
  context: Context,
  { to, digests, maxBytes, onProgress }: SourceRequest,
  image: GlanceImage,
): Promise<Transferred | undefined> {
  for (const source of snapshotsOf(image, glanceSettingsOf(context.settings.drivers))) {
    try {
      return await rbd.fetch(context, withoutUndefined({ source, to, digests, maxBytes, onProgress }));
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof CodedError) || error.code === "no-space") throw error;
      const why = errorMessage(error);
      const summary = `Image ${image.name ?? image.id} is not read from Ceph`;
      const detail = `It is downloaded from Glance instead, unless another location can be read. ${why.includes(source) ? why : `${source}: ${why}`}`;
      context.warn?.(problem("image-not-read-from-ceph", { summary, detail }, "warning"));
    }
  }
  return undefined;
}

/**
 * Copies an image from a file of the host that Glance names as its location (Nova GCL-11, GCL-12): only where the scheme is allowed and the
 * file, links followed, is below an allowed directory. Undefined where there is none or this user may not read it.
 */
async function copyFile(
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
