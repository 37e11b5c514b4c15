import { diskSource } from "../../tools/libvirt/disk-source.ts";
import { mountedDisks } from "../../tools/libvirt/mounted-disks.ts";
import { find, findAll, type XmlElement } from "../../tools/xml.ts";

/** Source of each disk of a domain by target name (`vda` → `/var/lib/…/disk`), of a container by directory (`/`). Disks without a source, such as empty CD drives, are left out. */
export function disksOf(root: XmlElement): Readonly<Record<string, string>> {
  const disks = findAll(find(root, "devices"), "disk").flatMap((disk) => {
    const source = diskSource(find(disk, "source"));
    return source === undefined ? [] : [[find(disk, "target")?.attributes["dev"] ?? "?", source] as const];
  });
  const mounted = mountedDisks(root).map(({ directory, source }) => [directory, source] as const);
  return Object.fromEntries([...disks, ...mounted]);
}
