import { describePointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

const lengths: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };
const byLength: Readonly<Record<number, string>> = { 64: "sha256", 128: "sha512" };

/** Whether a checksum has a secure algorithm and the length of its digests. */
export function checkDigest({ schema, value, pointer }: Visit): Problem | undefined {
  if (schema.digest !== true) return undefined;
  const where = describePointer(pointer);
  const wrong = (summary: string, detail: string, code = "bad-checksum"): Problem => ({
    code,
    summary,
    detail: `${where}: ${detail}`,
    pointer,
    of: "value",
  });
  if (typeof value !== "string") return wrong("Expected a checksum", "write sha256: or sha512: followed by the digest in hex.");
  const [, algorithm, hex = ""] = /^(?:([a-zA-Z0-9-]+):)?(.*)$/s.exec(value) ?? [];
  const name = algorithm?.toLowerCase().replace("-", "");
  if (name === "md5" || name === "sha1") {
    return wrong(
      `${name} is not accepted as a checksum`,
      `different files with the same ${name} can be created deliberately. Use sha256 or sha512.`,
      "weak-checksum",
    );
  }
  if (algorithm === undefined) {
    const meant = /^[0-9a-f]+$/i.test(hex) ? byLength[hex.length] : undefined;
    return wrong(
      "The checksum has no algorithm",
      meant === undefined ? "write sha256: or sha512: before the digest." : `did you mean ${meant}:${hex.slice(0, 8)}…?`,
    );
  }
  const length = lengths[algorithm];
  if (length === undefined)
    return wrong(
      `${JSON.stringify(algorithm)} is not a checksum algorithm`,
      name !== undefined && lengths[name] !== undefined ? `did you mean ${name}?` : "use sha256 or sha512.",
    );
  if (/[^0-9a-f]/.test(hex))
    return wrong("The checksum is not hex", `after ${algorithm}: expected ${length} lower-case digits 0-9 and a-f.`);
  if (hex.length !== length)
    return wrong(
      "The checksum has the wrong length",
      `${algorithm} has ${length} hex digits, this one has ${hex.length}. Check that it was copied completely.`,
    );
  return undefined;
}
