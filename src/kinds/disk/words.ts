import { formatQuantity } from "../../model/quantity.ts";
import type { AppliedDisk, InstanceDisk, InstanceDiskState } from "./disk.ts";
import { placeKey } from "./place.ts";

/** What a plan shows of a disk. Entries are digests of digests: shown nowhere but in the JSON. */
export function appliedFields(applied: AppliedDisk): [string, string | number | boolean | null][] {
  const placeWord = placeKey(applied.backend);
  return [
    applied.filesystem === undefined ? ["image", applied.image] : ["filesystem", applied.filesystem],
    ["size", applied.size],
    ["backend", applied.backend],
    ...(placeWord === undefined || applied.place === undefined ? [] : [[placeWord, applied.place] as [string, string]]),
    ...(applied.encrypted === undefined ? [] : [["encrypted", applied.encrypted] as [string, boolean]]),
  ];
}

/** What making a disk is called. */
export function creationSummary({ role, backend, size, base, content, encryption }: InstanceDisk["disk"], cloned: boolean): string {
  if (role === "kernel" || role === "ramdisk") return `copy ${base?.image}`;
  const kind = `${encryption === undefined ? "" : "encrypted "}${backend}${role === "rescue" ? " rescue" : ""}`;
  const noun = content?.filesystem === "swap" ? "swap disk" : "disk";
  const disk = `create ${kind} ${noun}${size === null ? "" : ` of ${formatQuantity(size)}`}`;
  if (base !== undefined) return `${disk}${cloned ? ", cloned" : ""} from ${base.image}`;
  return content === undefined || content.filesystem === "swap" ? disk : `${disk} with ${content.filesystem}`;
}

/** Why a disk is made anew. */
export function replacementReason(wanted: AppliedDisk, { applied, disk }: InstanceDiskState): string {
  if (disk === undefined) return "it was there and is gone, with all that was in it";
  if (wanted.filesystem !== applied.filesystem) return "it gets another filesystem";
  if (wanted.image !== applied.image) return "it is made from another image";
  if (wanted.backend !== applied.backend) return "another backend keeps it";
  if (wanted.place !== applied.place) return `it goes into another ${placeKey(wanted.backend)?.replace("_", " ")}`;
  if (wanted.encrypted !== true) return "it is no longer to be encrypted";
  return applied.encrypted === true && disk?.encryption === undefined
    ? "somebody has put one that is not encrypted in its place"
    : "it is to be encrypted";
}
