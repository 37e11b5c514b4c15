import type { Json } from "../../model/json.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import type { LeftoverState } from "./leftover.ts";
import type { BlankState, ImageState } from "./spec.ts";

/** An object of the cache for `show` and for comparing plans. What changes while it is merely used is left out. */
export function describeBase(state: ImageState | BlankState | LeftoverState): Json {
  if ("kind" in state && state.kind === "leftover") return { entry: state.entry, paths: state.paths, allocated: state.allocated };
  if (isBlank(state)) return { entry: state.entry, path: state.path };
  const { sidecar, entry, path, size, mode } = state;
  return withoutUndefined({
    image: sidecar.image,
    project: sidecar.project,
    id: sidecar.id,
    entry,
    path,
    source: sidecar.source,
    mirror: sidecar.mirror,
    digests: { ...sidecar.digests },
    unpack: sidecar.unpack,
    unpacked_digests: sidecar.unpacked === undefined ? undefined : { ...sidecar.unpacked },
    disk_format: sidecar.diskFormat,
    format: sidecar.format,
    virtual_size: sidecar.virtualSize,
    size,
    mode: (mode & 0o777).toString(8).padStart(4, "0"),
    fetched_at: sidecar.fetchedAt,
  });
}

/** Whether it is an empty disk, and not an image. */
export function isBlank(state: ImageState | BlankState): state is BlankState {
  return "kind" in state;
}
