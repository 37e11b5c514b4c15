import { kindOf } from "../../model/address.ts";
import { existence, factType } from "../../model/fact.ts";
import type { Observed } from "../../model/observed.ts";
import { isBlank } from "./describe.ts";
import type { BlankState, ImageState } from "./spec.ts";

/** Base images and empty disks in the cache, by the name of their entry. */
export const bases = kindOf<ImageState | BlankState>("base");

/** The base image is in the cache. */
export const baseExists = existence(bases);

/** It is no longer in the cache. */
export const baseGone = factType(bases, "gone");

/** The base image of this cache entry as found; undefined when the cache has none, or an empty disk of that name. */
export function cachedImage(observed: Pick<Observed, "get">, entry: string): ImageState | undefined {
  const found = observed.get(bases.at(entry));
  return found === undefined || isBlank(found) ? undefined : found;
}
