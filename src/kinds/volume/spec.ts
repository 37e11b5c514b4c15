import type { OwnedDisk } from "../disk/disk.ts";
import { derivedUuid } from "../terms/identity.ts";

/** A volume as it should be: a disk that no instance owns. */
export interface VolumeSpec extends OwnedDisk {
  readonly kind: "volume";
  readonly domain: null;
}

/** The file name of a volume in its directory; also part of its name where backends keep disks elsewhere. */
export const volumeFileName = "disk";

/** The uuid of a volume that is created with this name. */
export function volumeUuid(project: string, name: string): string {
  return derivedUuid("volume", project, name);
}
