import type { X509Certificate } from "node:crypto";
import { type DerElement, derElements, derNumber, derSequence } from "./der.ts";

/** What RFC 5280 lets a certificate say about its use, beside what Node reads. */
export interface CertificateFields {
  /** May sign content, and other certificates: key usage (4.2.1.3). Null: the certificate has no such extension. */
  readonly usage: { readonly signs: boolean; readonly certifies: boolean } | null;
  /** Certificates of authorities that may follow below it (4.2.1.9). Null: any number. */
  readonly pathLength: number | null;
  /** Object identifiers, in hex, of critical extensions that are not understood. */
  readonly unknownCritical: readonly string[];
  /** Its own signature is made with MD5 or SHA-1. */
  readonly weak: boolean;
}

const none = Buffer.alloc(0);
const keyUsage = "551d0f";
const basicConstraints = "551d13";
/** What is compared elsewhere or says nothing about signatures: names, key identifiers, policies, extended key usage. */
const understood = new Set([keyUsage, basicConstraints, "551d11", "551d0e", "551d23", "551d20", "551d25"]);
/** md5WithRSAEncryption, sha1WithRSAEncryption, dsa-with-sha1, ecdsa-with-SHA1. */
const weakAlgorithms = new Set(["2a864886f70d010104", "2a864886f70d010105", "2a8648ce380403", "2a8648ce3d0401"]);

/** Reads these fields; undefined for a certificate whose structure is not understood. */
export function certificateFields({ raw }: Pick<X509Certificate, "raw">): CertificateFields | undefined {
  const [body, algorithm] = derSequence(raw) ?? [];
  const fields = derElements(body?.content ?? none);
  const wrapped = fields?.find(({ tag }) => tag === 0xa3);
  const extensions = wrapped === undefined ? [] : derSequence(wrapped.content);
  const [signedWith] = derElements(algorithm?.content ?? none) ?? [];
  if (fields === undefined || extensions === undefined || signedWith?.tag !== 0x06) return undefined;
  let usage: CertificateFields["usage"] = null;
  let pathLength: number | null = null;
  const unknownCritical: string[] = [];
  for (const { content } of extensions) {
    const parts = derElements(content);
    const value = parts?.at(-1);
    if (parts?.[0]?.tag !== 0x06 || value?.tag !== 0x04) return undefined;
    const id = parts[0].content.toString("hex");
    if (id === keyUsage) {
      const bits = usageBits(value);
      if (bits === undefined) return undefined;
      usage = { signs: (bits & 0x80) !== 0, certifies: (bits & 0x04) !== 0 };
    }
    if (id === basicConstraints) {
      const constraints = derSequence(value.content);
      if (constraints === undefined) return undefined;
      const limit = constraints.find(({ tag }) => tag === 0x02);
      const length = limit === undefined ? null : derNumber(limit);
      if (length === undefined) return undefined;
      pathLength = length === null ? null : Number(length);
    }
    const critical = parts.length === 3 && parts[1]?.tag === 0x01 && parts[1].content[0] !== 0;
    if (critical && !understood.has(id)) unknownCritical.push(id);
  }
  return { usage, pathLength, unknownCritical, weak: weakAlgorithms.has(signedWith.content.toString("hex")) };
}

/** The first byte of a key usage: digitalSignature is its highest bit, keyCertSign its sixth. */
function usageBits(value: DerElement): number | undefined {
  const [bits] = derElements(value.content) ?? [];
  return bits?.tag === 0x03 ? (bits.content[1] ?? 0) : undefined;
}
