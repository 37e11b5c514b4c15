import type { Json } from "../../model/json.ts";
import { layerPaths } from "../chain/active-layer.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { lives } from "./life.ts";

/** What `show` prints of a disk and saved plans are based on, without what a running guest changes, such as the allocated space. */
export function describeDisk({ kind, uuid, path, applied, owner, disk, ...more }: OwnedDiskState): Json {
  const found = disk === undefined ? null : { format: disk.format, size: disk.size, backing: disk.backing ?? null };
  return {
    uuid,
    path,
    ...lives[kind].json(applied, owner.protects),
    ...(kind === "volume" ? { made: !applied.unfinished } : {}),
    found,
    ...(more.above === undefined ? {} : { layers: layerPaths(more) }),
    ...(disk?.resizeSnapshot === undefined ? {} : { resize_snapshot: { ...disk.resizeSnapshot } }),
  };
}
