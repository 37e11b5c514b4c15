import { diskSource } from "../../tools/libvirt/disk-source.ts";
import { find, findAll, parseXml, type XmlElement } from "../../tools/xml.ts";

/** Source of each disk by target name (`vda` → `/var/lib/…/disk`), from a domain's XML. Throws an Error when it is not XML. */
export function domainDisks(xml: string): Readonly<Record<string, string>> {
  return disksOf(parseXml(xml));
}

/** The same, from a parsed document. Disks without a source, such as empty CD drives, are left out. */
export function disksOf(root: XmlElement): Readonly<Record<string, string>> {
  const disks = findAll(find(root, "devices"), "disk").flatMap((disk) => {
    const source = diskSource(find(disk, "source"));
    return source === undefined ? [] : [[find(disk, "target")?.attributes["dev"] ?? "?", source] as const];
  });
  return Object.fromEntries(disks);
}
