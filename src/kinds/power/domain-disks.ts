import { diskSource } from "../../tools/libvirt/disk-source.ts";
import { find, findAll, type XmlElement } from "../../tools/xml.ts";

/** Source of each disk of a domain by target name (`vda` → `/var/lib/…/disk`). Disks without a source, such as empty CD drives, are left out. */
export function disksOf(root: XmlElement): Readonly<Record<string, string>> {
  const disks = findAll(find(root, "devices"), "disk").flatMap((disk) => {
    const source = diskSource(find(disk, "source"));
    return source === undefined ? [] : [[find(disk, "target")?.attributes["dev"] ?? "?", source] as const];
  });
  return Object.fromEntries(disks);
}
