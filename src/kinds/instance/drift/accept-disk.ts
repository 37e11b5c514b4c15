import type { FieldChange } from "../../../model/change.ts";
import type { DriftedGuest } from "./drifted-guest.ts";

/** Keys of the disks of an adopted instance, by the fields that they set. */
const keyOfField: Readonly<Record<string, string>> = { source: "path", bus: "bus", format: "format" };

/** Writes a disk as the guest has it. Only adopted instances say in their entry what their disks are. */
export function acceptDisk({ entry, instance, add, refuse }: DriftedGuest, target: string, members: readonly FieldChange[]): void {
  const index = (instance.disks ?? []).findIndex(({ device }) => device === target);
  for (const { path, old } of members) {
    const key = keyOfField[path.slice(path.lastIndexOf(".") + 1)];
    if (instance.adopt !== true || index < 0 || key === undefined || old === undefined)
      refuse(path, "is what the kinds of disks of this guest give it");
    else add(["instances", entry, "disks", index, key], old);
  }
}
