import { escapedAttribute } from "../escaped-xml.ts";
import { find, findAll, parseXml } from "../xml.ts";

/** Format of the copies. qemu leaves out what is zeros in this one, and writes it in raw ones. */
export const backupFormat = "qcow2";

/** The document of a backup job that copies one disk, with what lies below it, into a new qcow2 file. `target`, `others`: the guest's names for disks. */
export function backupDocument({
  target,
  others,
  copy,
}: {
  readonly target: string;
  readonly others: readonly string[];
  readonly copy: string;
}): string {
  const left = others.map((name) => `<disk name="${escapedAttribute(name)}" backup="no"/>`).join("");
  return `<domainbackup mode="push"><disks><disk name="${escapedAttribute(target)}" backup="yes" type="file"><driver type="${backupFormat}"/><target file="${escapedAttribute(copy)}"/></disk>${left}</disks></domainbackup>`;
}

/** Paths of the files that a backup job writes. Pure. */
export function backupTargets(document: string): string[] {
  return findAll(find(parseXml(document), "disks"), "disk").flatMap((disk) => find(disk, "target")?.attributes["file"] ?? []);
}
