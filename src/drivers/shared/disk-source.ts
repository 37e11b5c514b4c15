import type { DiskAttachment } from "../driver.ts";

/** A source as a look at a domain gives it. */
export function sourceText(attachment: DiskAttachment): string {
  return attachment.type === "network" ? `${attachment.protocol}:${attachment.source}` : attachment.source;
}

/**
 * Whether what a domain names as the source of a disk is this disk: its file, something in its directory where a disk is one, or
 * what a backend without files keeps under its uuid.
 */
export function isSourceOf(source: string, disk: { readonly uuid: string; readonly path: string }): boolean {
  if (source === disk.path || source.startsWith(`${disk.path}/`)) return true;
  const directory = disk.path.slice(0, disk.path.lastIndexOf("/") + 1);
  if (source.startsWith(directory) || !source.includes(disk.uuid)) return false;
  // Nova LAY-16: a logical volume has every underscore of the name twice.
  const name = disk.path.slice(directory.length);
  return source.endsWith(`_${name}`) || source.endsWith(`_${name.replaceAll("_", "__")}`);
}
