import { X509Certificate } from "node:crypto";
import { derElements, derSequence } from "./der.ts";

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
  // A date that cannot be read is not in the past and not in the future either.
  if (!(now >= new Date(certificate.validFrom))) return `is not valid before ${certificate.validFrom}`;
  if (!(now <= new Date(certificate.validTo))) return `expired on ${certificate.validTo}`;
  return excludesSignatures(certificate.raw) ? "is not made for signatures (key usage)" : undefined;
}

const none = Buffer.alloc(0);
/** The key usage extension, 2.5.29.15. */
const keyUsageId = Buffer.from([0x55, 0x1d, 0x0f]);

/** Whether the key usage of a certificate (RFC 5280, 4.2.1.3) excludes digital signatures. Without this extension it excludes nothing. */
function excludesSignatures(der: Buffer): boolean {
  const fields = derElements(derSequence(der)?.[0]?.content ?? none);
  const wrapped = fields?.find(({ tag }) => tag === 0xa3);
  const extensions = wrapped === undefined ? [] : derSequence(wrapped.content);
  if (fields === undefined || extensions === undefined) return true;
  for (const { content } of extensions) {
    const parts = derElements(content);
    if (parts?.[0]?.tag !== 0x06 || !parts[0].content.equals(keyUsageId)) continue;
    const value = parts.at(-1);
    const [bits] = derElements(value?.content ?? none) ?? [];
    return value?.tag !== 0x04 || bits?.tag !== 0x03 || ((bits.content[1] ?? 0) & 0x80) === 0;
  }
  return false;
}
