import type { DigestAlgorithm } from "../model/host.ts";

/** The digest that a file of checksums names for a file. */
export interface ListedDigest {
  readonly algorithm: DigestAlgorithm;
  readonly hex: string;
}

/** The algorithms that a checksum may have, by the length of their hex; the first one of `preferred` is used. */
const byLength: Readonly<Record<number, DigestAlgorithm>> = { 64: "sha256", 128: "sha512" };
const preferred: readonly DigestAlgorithm[] = ["sha256", "sha512"];

/**
 * The digest of a file in a file of checksums: lines of coreutils (`HEX  NAME`, `HEX *NAME`) or of BSD (`SHA256 (NAME) = HEX`); other lines
 * say nothing. `names`: those that the file can have there, the best first, as a path relative to the file of checksums and without
 * directories. Undefined when no name is listed, a sentence when one is listed with two digests. Pure.
 */
export function listedDigest(text: string, names: readonly string[]): ListedDigest | string | undefined {
  const lines = text.split(/\r?\n/).flatMap((line) => readLine(line) ?? []);
  for (const matches of [
    ...names.map((name) => (listed: string) => listed === name),
    (listed: string) => names.includes(lastPart(listed)),
  ]) {
    const found = lines.filter(({ name }) => matches(name));
    const algorithm = preferred.find((one) => found.some((line) => line.algorithm === one));
    if (algorithm === undefined) continue;
    const digests = [...new Set(found.filter((line) => line.algorithm === algorithm).map(({ hex }) => hex))];
    const [hex = "", second] = digests;
    if (second !== undefined) return `It lists ${found[0]?.name} with different ${algorithm} digests: ${digests.slice(0, 3).join(", ")}.`;
    return { algorithm, hex };
  }
  return undefined;
}

function readLine(line: string): (ListedDigest & { readonly name: string }) | undefined {
  const gnu = /^(\\?)([0-9a-fA-F]{64,128})(?: [ *]|\t)(.+)$/.exec(line);
  const bsd = gnu === null ? /^(\\?)SHA-?\d+ ?\((.+)\) ?= ?([0-9a-fA-F]{64,128})\s*$/.exec(line) : null;
  const [, escaped = "", hex = "", name = ""] = gnu ?? (bsd === null ? [] : [bsd[0], bsd[1], bsd[3], bsd[2]]);
  const algorithm = byLength[hex.length];
  if (algorithm === undefined) return undefined;
  const plain = escaped === "" ? name.trimEnd() : name.replaceAll(/\\([\\nr])/g, (_, one: string) => ({ n: "\n", r: "\r" })[one] ?? "\\");
  return { algorithm, hex: hex.toLowerCase(), name: plain.replace(/^(?:\.\/+)+/, "") };
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
