import type { DigestAlgorithm } from "../../../model/host.ts";

/** A line of the manifest of an OVA. */
export interface ManifestEntry {
  readonly name: string;
  readonly algorithm: DigestAlgorithm;
  /** Lower-case hex. */
  readonly hex: string;
}

const lengths: Readonly<Record<string, number>> = { sha1: 40, sha256: 64, sha384: 96, sha512: 128 };

/**
 * The entries of a manifest, `SHA256(disk.vmdk)= …`, as OpenSSL writes them too (`SHA2-256(disk.vmdk)= …`); the number of the first line that is not of that
 * form, if there is one. Lines with `#` in front are comments. Pure.
 */
export function readManifest(text: string): ManifestEntry[] | number {
  const entries: ManifestEntry[] = [];
  for (const [index, line] of text
    .split(/\r?\n/)
    .map((piece) => piece.trim())
    .entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const [, kind = "", name = "", hex = ""] = /^SHA(?:2-)?(1|256|384|512) ?\((.+)\) ?= *([0-9a-f]+)$/i.exec(line) ?? [];
    const algorithm = `sha${kind}`;
    if (hex.length !== lengths[algorithm]) return index + 1;
    entries.push({ name: name.replace(/^(?:\.\/+)+/, ""), algorithm: algorithm as DigestAlgorithm, hex: hex.toLowerCase() });
  }
  return entries;
}
