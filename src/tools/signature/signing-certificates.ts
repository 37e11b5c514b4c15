import { type KeyObject, X509Certificate } from "node:crypto";
import { certificateFields } from "./certificate-fields.ts";

/** A certificate as a key manager keeps it, PEM or DER; undefined when it is none. */
export function certificateFrom(content: Buffer): X509Certificate | undefined {
  if (content.includes("-----BEGIN")) return certificatesIn(content.toString("latin1"))?.[0];
  try {
    return new X509Certificate(content);
  } catch {
    return undefined;
  }
}

/** The certificates in a text of PEM; undefined when it has none, more than 50, or one that cannot be read. */
export function certificatesIn(text: string): X509Certificate[] | undefined {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  // One that is cut off would be left out without a word.
  const opened = text.split("-----BEGIN CERTIFICATE-----").length - 1;
  if (blocks.length === 0 || blocks.length > 50 || blocks.length < opened) return undefined;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** The public key of a certificate; undefined for a kind of key that OpenSSL does not know. */
export function publicKeyOf(certificate: X509Certificate): KeyObject | undefined {
  try {
    return certificate.publicKey;
  } catch {
    return undefined;
  }
}

/** Why a certificate must not be used for signatures at a time, in words that follow its name; undefined when it may (Nova GCL-15). */
export function unusable(certificate: X509Certificate, now: Date): string | undefined {
  // A date that cannot be read is not in the past and not in the future either.
  if (!(now >= new Date(certificate.validFrom))) return `is not valid before ${certificate.validFrom}`;
  if (!(now <= new Date(certificate.validTo))) return `expired on ${certificate.validTo}`;
  const fields = certificateFields(certificate);
  if (fields === undefined) return "cannot be read";
  if (fields.usage?.signs === false) return "is not made for signatures (key usage)";
  return fields.unknownCritical.length === 0
    ? undefined
    : `has a critical extension that is not supported (${fields.unknownCritical.join(", ")})`;
}
