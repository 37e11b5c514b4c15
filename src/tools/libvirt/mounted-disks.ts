import { find, findAll, type XmlElement } from "../xml.ts";
import { diskSource } from "./disk-source.ts";

/** A file or a device with a file system that libvirt mounts for a container. */
export interface MountedDisk {
  /** In the container: `/`. */
  readonly directory: string;
  /** As `diskSource` writes it. */
  readonly source: string;
  readonly readOnly: boolean;
}

/** The file systems of a domain that are in a file or on a device. Directories of the host are left out. Pure. */
export function mountedDisks(domain: XmlElement): MountedDisk[] {
  return findAll(find(domain, "devices"), "filesystem").flatMap((system): MountedDisk[] => {
    const { type } = system.attributes;
    const source = type === "file" || type === "block" ? diskSource(find(system, "source")) : undefined;
    if (source === undefined) return [];
    return [{ directory: find(system, "target")?.attributes["dir"] ?? "", source, readOnly: find(system, "readonly") !== undefined }];
  });
}
