import type { XmlElement } from "../xml.ts";

/**
 * What a `<source>` of a disk names: a path, `pool/volume` of libvirt's, or `rbd:pool/image` and the like with the protocol in front.
 * Undefined for an empty drive.
 */
export function diskSource(source: XmlElement | undefined): string | undefined {
  const { file, dev, dir, pool, volume, protocol, name } = source?.attributes ?? {};
  if (volume !== undefined) return `${pool}/${volume}`;
  return file ?? dev ?? dir ?? (protocol === undefined ? undefined : `${protocol}:${name ?? ""}`);
}
