import { baseOf, blankOf, injectedInto } from "../../drivers/content.ts";
import type { DiskSpec } from "../../drivers/driver.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { type AppliedDisk, anotherBy, placeKey } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { injectedWords } from "./injection/record.ts";

/** What making a disk is called. */
export function creationSummary(spec: DiskSpec, cloned: boolean): string {
  const { role, backend, size, encryption } = spec;
  const [base, blank] = [baseOf(spec), blankOf(spec)];
  if (role === "kernel" || role === "ramdisk") return `copy ${base?.image}`;
  const kind = `${encryption === null ? "" : "encrypted "}${backend}${role === "rescue" ? " rescue" : ""}`;
  const noun = role === "volume" ? "volume" : blank?.filesystem === "swap" ? "swap disk" : "disk";
  const disk = `create ${kind} ${noun}${size === null ? "" : ` of ${formatQuantity(size)}`}`;
  const injected = injectedInto(spec);
  const more = injected === null ? "" : `, and inject ${injectedWords(injected)}`;
  if (base !== null) return `${disk}${cloned ? ", cloned" : ""} from ${base.image}${more}`;
  return blank === null || blank.filesystem === "swap" ? disk : `${disk} with ${blank.filesystem}`;
}

/** Why a disk is recreated. */
export function replacementReason(wanted: AppliedDisk, have: OwnedDiskState): string {
  const { applied, disk, unlabelled } = have;
  if (unlabelled) return "its directory is missing; its data is lost";
  if (disk === undefined) return "disk is missing; its data is lost";
  if (have.replace === true) return "its replacement was requested";
  const another = anotherBy(wanted, applied);
  if (another === "backend") return "driver changed";
  if (another === "place") return `${placeKey(wanted.backend).replace("_", " ")} changed`;
  if (another !== undefined) return `${another} changed`;
  if (wanted.entry !== applied.entry && wanted.entry !== null) return "the content of its image changed";
  if (!wanted.encrypted) return "encryption was removed";
  return applied.encrypted && disk.encryption === undefined
    ? "it was replaced by an unencrypted one outside virtform"
    : "encryption was added";
}
