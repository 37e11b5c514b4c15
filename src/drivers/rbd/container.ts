import type { LuksPlace } from "../../tools/luks.ts";
import type { RbdImage, RbdName } from "../../tools/rbd/rbd.ts";
import type { RbdPlace } from "./place.ts";

/** Written on the image of an encrypted disk: the bytes that its LUKS container takes beside the content. */
export const containerKey = "virtform.luks";

/** Bytes of an image that a LUKS container takes beside its content; 0 without one. Pure. */
export function reserveOf({ metadata }: Pick<RbdImage, "metadata">): number {
  const bytes = Number(metadata[containerKey] ?? 0);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0;
}

/** An image as its guest sees it: sizes, also those of snapshots, are those of the content. Pure. */
export function contentOf(image: RbdImage): RbdImage {
  const reserve = reserveOf(image);
  if (reserve === 0) return image;
  const snapshots = Object.fromEntries(Object.entries(image.snapshots).map(([name, size]) => [name, size - reserve]));
  return { ...image, size: image.size - reserve, snapshots };
}

/** How QEMU opens the container in an image. Pure. */
export function containerIn({ access }: Pick<RbdPlace, "access">, { pool, image }: RbdName): LuksPlace {
  return { driver: "rbd", pool, image, user: access.user, conf: access.conf };
}
