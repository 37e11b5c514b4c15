import type { X509Certificate } from "node:crypto";
import { certificateFields } from "./certificate-fields.ts";
import { publicKeyOf, unusable } from "./signing-certificates.ts";

/** A certificate and what it is called in messages. */
export interface NamedCertificate {
  readonly name: string;
  readonly certificate: X509Certificate;
}

const longest = 10;

/**
 * Why a certificate must not be used to check signatures, in words that follow its name; undefined when it may (Nova GCL-15): it is valid and made for
 * signatures, and leads, over certificates of the list, to one of them. Each of these must be that of an authority, be valid, and allow as many below
 * it as there are. Where the list has the issuer of a certificate, that is checked too, up to the root. Pure.
 */
export function untrusted(certificate: X509Certificate, trusted: readonly NamedCertificate[], now: Date): string | undefined {
  return unusable(certificate, now) ?? leadsNowhere(certificate, trusted, now, []);
}

function leadsNowhere(
  certificate: X509Certificate,
  trusted: readonly NamedCertificate[],
  now: Date,
  below: readonly X509Certificate[],
): string | undefined {
  const isListed = trusted.some((one) => one.certificate.raw.equals(certificate.raw));
  // Issuers are found by name alone, so that the reason why one of that name did not issue it can be given.
  const isRoot = certificate.issuer === certificate.subject;
  const issuers = isRoot ? [] : trusted.filter((one) => one.certificate.subject === certificate.issuer);
  if (issuers.length === 0) return isListed ? undefined : "does not lead to a trusted certificate";
  const reasons = issuers.map(({ name, certificate: issuer }) => {
    const path = [...below, certificate];
    if (path.length > longest || path.some((one) => one.raw.equals(issuer.raw))) return "leads in a circle, or over too many certificates";
    const why = refusesToIssue(certificate, issuer, now, below.length);
    return why === undefined ? leadsNowhere(issuer, trusted, now, path) : `was issued by ${name}, which ${why}`;
  });
  return reasons.includes(undefined) ? undefined : reasons.join("; ");
}

/** Why a certificate cannot have been issued by another one; `authorities`: certificates of authorities below the issuer. */
function refusesToIssue(certificate: X509Certificate, issuer: X509Certificate, now: Date, authorities: number): string | undefined {
  const fields = certificateFields(issuer);
  const own = certificateFields(certificate);
  if (fields === undefined || own === undefined) return "cannot be read";
  if (fields.usage !== null && !fields.usage.certifies) return "is not made for signing certificates (key usage)";
  if (!issuer.ca) return "is not that of an authority";
  if (fields.unknownCritical.length > 0) return `has a critical extension that is not supported (${fields.unknownCritical.join(", ")})`;
  if (fields.pathLength !== null && authorities > fields.pathLength)
    return `allows ${fields.pathLength} authorities below it, and there are ${authorities}`;
  if (!(now >= new Date(issuer.validFrom))) return `is not valid before ${issuer.validFrom}`;
  if (!(now <= new Date(issuer.validTo))) return `expired on ${issuer.validTo}`;
  if (own.weak) return "signed it with MD5 or SHA-1";
  const key = publicKeyOf(issuer);
  if (key === undefined) return "has an unknown kind of key";
  return certificate.verify(key) ? undefined : "has not signed it";
}
