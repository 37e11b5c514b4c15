import { isLocked } from "../kinds/image/is-locked.ts";
import { leftovers } from "../kinds/image/leftover.ts";
import { listImages } from "../kinds/image/list-images.ts";
import type { FoundImage } from "../model/result.ts";
import type { HostSession } from "../session.ts";
import type { Survey } from "./survey.ts";

/** Every image that a configuration declares or that the cache of its host has, with its place in an image's life. */
export async function foundImages(
  { config, context }: Pick<HostSession, "config" | "context">,
  { observed }: Pick<Survey, "observed">,
): Promise<FoundImage[]> {
  const unfinished = observed.of(leftovers).map(([, { entry }]) => entry);
  const held = await Promise.all(unfinished.map((entry) => isLocked(context, entry)));
  const busy = new Set(unfinished.filter((_, index) => held[index]));
  return listImages({ config, settings: context.settings, facts: observed.facts, observed, busy });
}
