import { baseOf, blankOf } from "../../drivers/content.ts";
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
export function creationSummary(spec: InstanceDisk["disk"], cloned: boolean): string {
  const { role, backend, size, encryption } = spec;
  const [base, blank] = [baseOf(spec), blankOf(spec)];
  if (role === "kernel" || role === "ramdisk") return `copy ${base?.image}`;
  const kind = `${encryption === null ? "" : "encrypted "}${backend}${role === "rescue" ? " rescue" : ""}`;
  const noun = blank?.filesystem === "swap" ? "swap disk" : "disk";
  const disk = `create ${kind} ${noun}${size === null ? "" : ` of ${formatQuantity(size)}`}`;
  if (base !== null) return `${disk}${cloned ? ", cloned" : ""} from ${base.image}`;
  return blank === null || blank.filesystem === "swap" ? disk : `${disk} with ${blank.filesystem}`;
}

/** Why a disk is recreated. */
export function replacementReason(wanted: AppliedDisk, { applied, disk, unlabelled }: InstanceDiskState): string {
  if (unlabelled === true) return "its directory is missing; its data is lost";
  if (disk === undefined) return "disk is missing; its data is lost";
  if (wanted.filesystem !== applied.filesystem) return "filesystem changed";
  if (wanted.image !== applied.image) return "image changed";
  if (wanted.backend !== applied.backend) return "driver changed";
  if (wanted.place !== applied.place) return `${placeKey(wanted.backend)?.replace("_", " ")} changed`;
  if (wanted.encrypted !== true) return "encryption was removed";
  return applied.encrypted === true && disk?.encryption === undefined
    ? "it was replaced by an unencrypted one outside virtform"
    : "encryption was added";
}
