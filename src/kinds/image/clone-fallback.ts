import type { DiskSpec } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";
import type { ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import type { Json } from "../../model/json.ts";
import type { Config } from "../config.ts";
import { desiredImages } from "./desired.ts";
import { fetchImage } from "./fetch.ts";
import type { ImageSpec } from "./spec.ts";

/** For a disk that is cloned within its storage: the image to fetch if the clone is not possible at apply time (Nova RBD-03). */
export function cloneFallback(
  config: Config,
  facts: HostFacts,
  { backend, base }: Pick<DiskSpec, "backend" | "base">,
): { readonly fallback?: ImageSpec } {
  if (base === undefined || driverOf(backend).clone?.from(facts.drivers?.[backend], base.cloneFrom ?? []) === undefined) return {};
  const fallback = desiredImages(config).find(({ spec }) => spec.name === base.image)?.spec;
  return fallback === undefined ? {} : { fallback };
}

/** Makes sure that the source of a disk exists: a snapshot that can be cloned, else the base image in the cache. */
export async function fetchUnlessCloneable(
  context: Context,
  { backend, base }: Pick<DiskSpec, "backend" | "base">,
  fallback: ImageSpec | undefined,
  report: ReportProgress,
): Promise<void> {
  if (fallback === undefined || (await driverOf(backend).clone?.isPossible(context, base?.cloneFrom ?? [])) === true) return;
  await fetchImage.run(context, fallback as unknown as Json, report);
}
