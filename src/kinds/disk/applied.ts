import type { AppliedDisk, InstanceDisk } from "./disk.ts";

/** What the label will record. */
export function appliedOf({ disk }: Pick<InstanceDisk, "disk">): AppliedDisk {
  return {
    backend: disk.backend,
    ...(disk.place === undefined ? {} : { place: disk.place }),
    size: disk.size,
    image: disk.base?.image ?? null,
    entry: disk.base?.entry ?? null,
    ...(disk.content === undefined ? {} : { filesystem: disk.content.filesystem }),
    ...(disk.encryption === undefined ? {} : { encrypted: true }),
  };
}
