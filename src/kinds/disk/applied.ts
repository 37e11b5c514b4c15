import { baseOf, blankOf } from "../../drivers/content.ts";
import type { AppliedDisk, InstanceDisk } from "./disk.ts";

/** What the label will record. */
export function appliedOf({ disk }: Pick<InstanceDisk, "disk">): AppliedDisk {
  const [base, blank] = [baseOf(disk), blankOf(disk)];
  return {
    backend: disk.backend,
    ...(disk.place === null ? {} : { place: disk.place }),
    size: disk.size,
    image: base?.image ?? null,
    entry: base?.entry ?? null,
    ...(blank === null ? {} : { filesystem: blank.filesystem }),
    ...(disk.encryption === null ? {} : { encrypted: true }),
  };
}
