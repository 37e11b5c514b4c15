import type { Json } from "../../model/json.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { layerPaths } from "../chain/active-layer.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { lives } from "./life.ts";

/** What `show` prints of a disk and saved plans are based on, without what a running guest changes, such as the allocated space. */
export function describeDisk({ kind, uuid, path, applied, owner, disk, ...more }: OwnedDiskState): Json {
  const found = disk === undefined ? null : { format: disk.format, size: disk.size, backing: disk.backing ?? null };
  const made = kind === "volume" ? !applied.unfinished : undefined;
  const layers = more.above === undefined ? undefined : layerPaths(more);
  const snapshot = disk?.resizeSnapshot;
  const resize_snapshot = snapshot === undefined ? undefined : { ...snapshot };
  return withoutUndefined({ uuid, path, ...lives[kind].json(applied, owner.protects), made, found, layers, resize_snapshot }) as Json;
}
