import { cacheEntryName } from "../../model/layout.ts";
import type { Resource } from "../../model/resource.ts";
import { declared } from "../config/declared.ts";
import type { Wanted } from "../config/wanted.ts";
import type { Config, ImageConfig } from "../config.ts";
import { desiredImage, imageId } from "../image/desired.ts";
import { published } from "./address.ts";
import type { PublishedSpec } from "./spec.ts";

/** Images that are to be published. */
export function desiredPublished(wanted: Wanted): Resource<PublishedSpec>[] {
  return publishedNames(wanted.config).map((name) => ({ address: published.at(name), spec: publishedSpec(wanted, name) }));
}

/** The names of images with `publish`. */
export function publishedNames({ images = {} }: Config): string[] {
  return Object.keys(images).filter((name) => images[name]?.publish !== undefined);
}

/** What tells the content of an image from other content, before anything is known of its source. */
export function contentKey({ found: _found, ...image }: ImageConfig, project: string | undefined): string {
  return imageId(image, project);
}

function publishedSpec(wanted: Wanted, name: string): PublishedSpec {
  const image = declared(wanted.config.images, name);
  const { format, bootFile, diskFormat, minDisk, minRam } = desiredImage(wanted, name);
  const to = image.publish?.glance ?? {};
  const kept = bootFile || diskFormat === "iso" || diskFormat === "ami";
  return {
    image: name,
    entry: cacheEntryName(imageId(image, wanted.config.project)),
    content: contentKey(image, wanted.config.project),
    diskFormat: kept ? diskFormat : format,
    containerFormat: ["ami", "aki", "ari"].includes(diskFormat) && kept ? diskFormat : "bare",
    fields: {
      name: to.name ?? name,
      visibility: to.visibility ?? "private",
      protected: to.protected ?? false,
      min_disk: Math.ceil((to.min_disk ?? minDisk) / 2 ** 30),
      min_ram: Math.ceil((to.min_ram ?? minRam) / 2 ** 20),
      tags: [...(to.tags ?? [])].sort(),
      members: [...(to.members ?? [])].sort(),
      properties: sorted({ ...image.properties, ...to.properties }),
    },
  };
}

function sorted(properties: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)));
}
