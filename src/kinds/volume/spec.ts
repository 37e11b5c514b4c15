import { uuidV5 } from "../../model/uuid.ts";
import type { OwnedDisk } from "../disk/disk.ts";

/** A volume as it should be: a disk that no instance owns. */
export interface VolumeSpec extends OwnedDisk {
  readonly kind: "volume";
  readonly domain: null;
}

/** The file name of a volume in its directory; also part of its name where backends keep disks elsewhere. */
export const volumeFileName = "disk";

/** The same on every run and every machine, so that a volume is found again by its name. */
export function volumeUuid(project: string, name: string): string {
  return uuidV5(`volume/${project}/${name}`);
}
