import type { Context } from "../../model/context.ts";
import { userError } from "../../model/errors.ts";
import { type NamedCertificate, untrusted } from "../../tools/signature/certificate-chain.ts";
import { certificatesIn } from "../../tools/signature/signing-certificates.ts";
import { keptCertificate } from "./key-manager.ts";
import type { Signers } from "./settings.ts";

/**
 * The certificates that the signature of an image is checked with: that of the key manager which the image names, if it leads to a trusted one (Nova
 * GCL-15), or else each trusted certificate. Throws a UserError where a certificate cannot be had or is not trusted.
 */
export async function signersFor(
  context: Context,
  { certificates, ids, keyManager }: Signers,
  image: string,
  properties: Readonly<Record<string, string>>,
): Promise<readonly NamedCertificate[]> {
  const trusted = [
    ...certificates.flatMap((path) => inFile(context, path)),
    ...(await Promise.all(
      ids.map(async (id) => named(await keptCertificate(context, id, "one of glance.default_trusted_certificate_ids"), id)),
    )),
  ];
  if (!keyManager) return trusted;
  const id = properties["img_signature_certificate_uuid"] ?? "";
  const signer = named(await keptCertificate(context, id, `img_signature_certificate_uuid of image ${image}`), id);
  const why = untrusted(signer.certificate, trusted, context.host.now());
  if (why === undefined) return [signer];
  throw userError(
    "image-certificate-untrusted",
    `The certificate of the signature of image ${image} is not trusted`,
    `${signer.name} ${why}. Have the image signed by a trusted signer, or add the certificates of its authorities to glance.trusted_certificates or glance.default_trusted_certificate_ids.`,
  );
}

function inFile({ clouds }: Context, path: string): NamedCertificate[] {
  const text = clouds?.readText(path);
  const found = text === undefined ? undefined : certificatesIn(text);
  if (found !== undefined) return found.map((certificate) => named(certificate, path));
  const what = text === undefined ? "cannot be read" : "has no certificates";
  throw userError(
    "image-certificate-unusable",
    `The file ${path} ${what}`,
    "glance.trusted_certificates names it. It has to be PEM, with at most 50 certificates.",
  );
}

function named(certificate: NamedCertificate["certificate"], place: string): NamedCertificate {
  return { name: `${certificate.subject.replaceAll("\n", ", ")} (${place})`, certificate };
}
