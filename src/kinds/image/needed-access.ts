import type { Context } from "../../model/context.ts";
import { cacheEntryName } from "../../model/layout.ts";
import type { SecretRef } from "../../model/secret.ts";
import { accessReferences } from "../config/access-references.ts";
import type { Config } from "../config.ts";
import { imageId } from "./desired.ts";

/** The secrets that are presented to servers of images that are not in the cache: no others are looked up for a plan, because looking may run a program. */
export async function neededAccess({ host, layout }: Context, { images = {}, project }: Config): Promise<SecretRef[]> {
  const asking = Object.values(images).flatMap((image) =>
    image.access === undefined ? [] : [{ access: image.access, path: layout.baseImage(cacheEntryName(imageId(image, project))) }],
  );
  if (asking.length === 0) return [];
  const found = await host.files.statMany(asking.map(({ path }) => path));
  return asking.flatMap(({ access }, index) => (found[index] === undefined ? accessReferences(access) : []));
}
