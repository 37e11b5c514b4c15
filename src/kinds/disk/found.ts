import type { Json } from "../../model/json.ts";
import type { FoundAt } from "../../model/kind.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { lives } from "./life.ts";

/** What was read of a disk: the disk itself, and its record. */
export function foundDisk({ kind, path, applied, owner, disk }: OwnedDiskState): FoundAt[] {
  const recorded = lives[kind].json(applied, owner.protects) as Readonly<Record<string, Json>>;
  return [
    ...(disk === undefined ? [] : [{ where: `in the disk, ${path}`, values: { format: disk.format, size: disk.size } }]),
    { where: "applied last, by the record of the disk", values: recorded },
  ];
}
