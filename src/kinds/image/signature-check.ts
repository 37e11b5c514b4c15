import type { KeyObject, X509Certificate } from "node:crypto";
import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import type { Transferred } from "../../model/host.ts";
import { signersFor } from "../../sources/glance/signers.ts";
import { type ImageSignature, imageSignature } from "../../tools/signature/image-signature.ts";
import { certificatesIn, publicKeyOf, unusable } from "../../tools/signature/signing-certificates.ts";
import { verifyDigest } from "../../tools/signature/verify-digest.ts";
import type { ImageSpec } from "./spec.ts";

/** The signature of an image that is checked; null where it has none, or nothing is checked. */
export function signatureToCheck({ found, signers }: ImageSpec): ImageSignature | null {
  const signature = found === null || signers === null ? null : imageSignature(found.properties);
  // One that cannot be checked is an error of the plan.
  return typeof signature === "string" ? null : signature;
}

/**
 * Checks the digest of an image against its signature, with each certificate of its signers that has the kind of key that it names (Nova GCL-14, GCL-15).
 * Throws a RefusedError where none fits, a UserError where certificates cannot be had or are not trusted.
 */
export async function checkSignature(context: Context, spec: ImageSpec, { digests }: Transferred): Promise<void> {
  const signed = signatureToCheck(spec);
  if (signed === null) return;
  const hex = digests[signed.algorithm];
  const reasons: string[] = [];
  if (spec.signers === null || spec.found === null) throw new Error("a signature is checked without certificates");
  for (const { name, certificate } of await signersFor(context, spec.signers, spec.name, spec.found.properties)) {
    const key = keyFor(certificate, signed);
    if (key === undefined) {
      reasons.push(`${name} has another kind of key`);
      continue;
    }
    const why = unusable(certificate, context.host.now());
    if (why !== undefined) reasons.push(`${name} ${why}`);
    else if (fits(key, signed, hex)) return;
    else reasons.push(`${name} has not signed it`);
  }
  throw new RefusedError(
    "image-signature-wrong",
    `The signature of image ${spec.name} is not valid`,
    `The image was changed after it was signed, or its signer is not trusted: ${reasons.join("; ")}. Nothing of it was kept. Get the image and its signature again, or add the certificate of its signer to glance.trusted_certificates.`,
  );
}

/** Whether one of these certificates has signed what has this digest. Dates do not count: it is about what was fetched before. Pure. */
export function isSignedBy(certificates: readonly string[], signed: ImageSignature, hex: string): boolean {
  return certificates.some((pem) => {
    const certificate = certificatesIn(pem)?.[0];
    const key = certificate === undefined ? undefined : keyFor(certificate, signed);
    return key !== undefined && fits(key, signed, hex);
  });
}

/** The public key of a certificate, if it is of the kind that a signature names. */
function keyFor(certificate: X509Certificate, { keyType, curve }: ImageSignature): KeyObject | undefined {
  const key = publicKeyOf(certificate);
  const { asymmetricKeyType, asymmetricKeyDetails } = key ?? {};
  return asymmetricKeyType === keyType && (curve === null || asymmetricKeyDetails?.namedCurve === curve) ? key : undefined;
}

function fits(publicKey: KeyObject, { algorithm, signature }: ImageSignature, hex: string | undefined): boolean {
  return (
    hex !== undefined &&
    verifyDigest(publicKey, { algorithm, digest: Buffer.from(hex, "hex"), signature: Buffer.from(signature, "base64") })
  );
}
