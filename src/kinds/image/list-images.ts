import type { HostFacts } from "../../model/host-facts.ts";
import type { Observed } from "../../model/observed.ts";
import type { FoundImage, ImageStatus } from "../../model/result.ts";
import type { HostSettings } from "../../model/settings.ts";
import { withoutCredentials } from "../../sources/index.ts";
import type { Config } from "../config.ts";
import { bases, cachedImage } from "./address.ts";
import { contentDigest } from "./content-digest.ts";
import { isBlank } from "./describe.ts";
import { desiredImages } from "./desired.ts";
import { leftovers } from "./leftover.ts";
import type { ImageSpec, ImageState } from "./spec.ts";
import { usersOf } from "./verify.ts";

/** What the list of images is made from. */
export interface ListedFrom {
  readonly config: Config;
  readonly settings: HostSettings;
  readonly facts: HostFacts;
  readonly observed: Observed;
  /** Entries of the cache that a process is making now. */
  readonly busy: ReadonlySet<string>;
}

/**
 * The images of a configuration in its order, then the other base images of the host, with the states of Glance (Nova GLA-10): queued
 * until it is fetched, saving meanwhile, active when it is whole, killed when a fetch was interrupted. Pure.
 */
export function listImages({ config, settings, facts, observed, busy }: ListedFrom): FoundImage[] {
  const wanted = desiredImages({ config, settings, facts }).map(({ spec }) => spec);
  const entries = new Set(wanted.map(({ entry }) => entry));
  const others = observed.of(bases).flatMap(([, state]) => (isBlank(state) || entries.has(state.entry) ? [] : [state]));
  const statusOf = (spec: ImageSpec): ImageStatus => {
    if (busy.has(spec.entry)) return "saving";
    if (cachedImage(observed, spec.entry) !== undefined) return "active";
    if (spec.cloneSize !== null) return "cloned";
    return observed.get(leftovers.at(spec.entry)) === undefined ? "queued" : "killed";
  };
  return [
    ...wanted.map((spec): FoundImage => {
      const state = cachedImage(observed, spec.entry);
      const declared = { name: spec.name, declared: true, status: statusOf(spec), source: withoutCredentials(spec.source) };
      const checksum = spec.checksum === null ? null : `${spec.checksum.algorithm}:${spec.checksum.hex}`;
      return { ...declared, checksum, disk_format: spec.diskFormat, ...stored(spec.entry, state, observed) };
    }),
    ...others.map((state): FoundImage => {
      const { image, source, diskFormat } = state.sidecar;
      const status = busy.has(state.entry) ? "saving" : "active";
      const known = { name: image, declared: false, status, source, checksum: null, disk_format: diskFormat } as const;
      return { ...known, ...stored(state.entry, state, observed) };
    }),
  ];
}

/** What is known of an image from the cache; null where it has none. */
function stored(entry: string, state: ImageState | undefined, observed: Observed) {
  const users = state === undefined ? { backed: [], copied: [] } : usersOf(state, observed);
  return {
    entry,
    project: state?.sidecar.project ?? null,
    path: state?.path ?? null,
    format: state?.sidecar.format ?? null,
    file_size: state === undefined ? null : (state.sidecar.bytes ?? null),
    allocated: state?.allocated ?? null,
    virtual_size: state?.sidecar.virtualSize ?? null,
    digest: state === undefined ? null : `sha256:${state.sidecar.digests.sha256}`,
    content_digest: state === undefined ? null : prefixed(contentDigest(state.sidecar)),
    mirror: state?.sidecar.mirror ?? null,
    fetched_at: state?.sidecar.fetchedAt ?? null,
    ...users,
  };
}

function prefixed(hex: string | undefined): string | null {
  return hex === undefined ? null : `sha256:${hex}`;
}
