import type { DigestAlgorithm } from "../../../model/host.ts";

/** A line of the manifest of an OVA. */
export interface ManifestEntry {
  readonly name: string;
  readonly algorithm: DigestAlgorithm;
  /** Lower-case hex. */
  readonly hex: string;
}

const lengths: Readonly<Record<string, number>> = { sha1: 40, sha256: 64, sha384: 96, sha512: 128 };

/** The entries of a manifest, `SHA256(disk.vmdk)= …`; undefined when a line is not of that form. */
export function readManifest(text: string): ManifestEntry[] | undefined {
  const entries: ManifestEntry[] = [];
  for (const line of text.split(/\r?\n/).map((piece) => piece.trim())) {
    if (line === "") continue;
    const [, kind = "", name = "", hex = ""] = /^(SHA(?:1|256|384|512)) ?\((.+)\) ?= ?([0-9a-fA-F]+)$/.exec(line) ?? [];
    const algorithm = kind.toLowerCase();
    if (hex.length !== lengths[algorithm]) return undefined;
    entries.push({ name: name.replace(/^(?:\.\/+)+/, ""), algorithm: algorithm as DigestAlgorithm, hex: hex.toLowerCase() });
  }
  return entries;
}
