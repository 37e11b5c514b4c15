import { X509Certificate } from "node:crypto";
import { derElements } from "./der.ts";

/** The certificates in a text of PEM; undefined when it has none, more than 50, or one that cannot be read. */
export function certificatesIn(text: string): X509Certificate[] | undefined {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 || blocks.length > 50) return undefined;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** Why a certificate must not be used for signatures at a time, in words that follow its name; undefined when it may (Nova GCL-15). */
export function unusable(certificate: X509Certificate, now: Date): string | undefined {
  if (now < new Date(certificate.validFrom)) return `is not valid before ${certificate.validFrom}`;
  if (now > new Date(certificate.validTo)) return `expired on ${certificate.validTo}`;
  return keyUsage(certificate.raw) === "other" ? "is not made for signatures (key usage)" : undefined;
}

const keyUsageId = Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x0f]);

/** Whether the key usage of a certificate, if it has one, includes digital signatures. */
function keyUsage(der: Buffer): "signature" | "other" | "any" {
  const at = der.indexOf(keyUsageId);
  if (at < 0) return "any";
  // An optional BOOLEAN that says whether it is critical, then an OCTET STRING with a BIT STRING.
  const rest = der.subarray(at + keyUsageId.length);
  const from = rest[0] === 0x01 ? 3 : 0;
  const length = rest[from + 1] ?? 0;
  const [bits] = derElements(rest.subarray(from + 2, from + 2 + length)) ?? [];
  return rest[from] === 0x04 && bits?.tag === 0x03 && ((bits.content[1] ?? 0) & 0x80) !== 0 ? "signature" : "other";
}
