import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { Resource } from "../../model/resource.ts";
import type { Config } from "../config.ts";
import { bases, cachedImage } from "./address.ts";
import { isBlank } from "./describe.ts";
import type { ImageSpec } from "./spec.ts";

/**
 * Errors for images that are larger than `host.image_size_cap`, as far as their length is known before the fetch (Nova GLA-15), and for
 * more base images or bytes than `host.image_cache_quota` allows once everything is fetched (Nova GLA-14). Pure.
 */
export function checkQuota(resources: readonly Resource<ImageSpec>[], observed: Observed, { host, project }: Config): Diagnostic[] {
  const fetched = resources.filter(({ spec }) => spec.cloneSize === null && cachedImage(observed, spec.entry) === undefined);
  return [
    ...fetched.flatMap(({ address, spec }) => {
      const bytes = bytesOf(spec, observed);
      if (spec.sizeCap === undefined || bytes <= spec.sizeCap) return [];
      return [
        problem("image-size-cap", {
          summary: `Image ${spec.name} has ${formatQuantity(bytes)}, and host.image_size_cap is ${formatQuantity(spec.sizeCap)}`,
          detail: "It is not fetched. Use a smaller image, or raise the cap.",
          address,
          key: ["source"],
        }),
      ];
    }),
    ...quotaProblems(fetched, observed, host?.image_cache_quota ?? {}, "the host"),
    ...quotaProblems(fetched, observed, host?.image_cache_quota?.per_project ?? {}, "this project", project),
  ];
}

interface Quota {
  readonly size?: number;
  readonly images?: number;
}

/** `project`: counts only what this project fetched. */
function quotaProblems(
  fetched: readonly Resource<ImageSpec>[],
  observed: Observed,
  { size, images }: Quota,
  whose: string,
  project?: string,
): Diagnostic[] {
  const cached = observed.of(bases).flatMap(([, state]) => (isBlank(state) ? [] : [state]));
  const counted = cached.filter(({ sidecar }) => project === undefined || sidecar.project === project);
  const added = new Map(fetched.map(({ spec }) => [spec.entry, bytesOf(spec, observed)]));
  const number = counted.length + added.size;
  const bytes = [...counted.map(({ allocated }) => allocated), ...added.values()].reduce((sum, one) => sum + one, 0);
  // Cached images stay, whatever the quota: only a fetch is refused.
  const overNumber = added.size > 0 && images !== undefined && number > images;
  const overSize = added.size > 0 && size !== undefined && bytes > size;
  const key = project === undefined ? ["host", "image_cache_quota"] : ["host", "image_cache_quota", "per_project"];
  const found = (what: string) =>
    problem("image-cache-quota", {
      summary: `The image cache would have ${what} for ${whose}`,
      detail: "Remove base images that no disk needs with `virtform gc` or `virtform image rm`, or raise host.image_cache_quota.",
      pointer: key,
    });
  return [
    ...(overNumber ? [found(`${number} base images, of ${images} allowed`)] : []),
    ...(overSize ? [found(`at least ${formatQuantity(bytes)}, of ${formatQuantity(size)} allowed`)] : []),
  ];
}

/** Bytes of an image that is to be fetched, as far as they are known; at least these are taken. */
function bytesOf({ source, found }: ImageSpec, { facts }: Observed): number {
  return found?.size ?? facts.sources?.[source]?.bytes ?? 0;
}
