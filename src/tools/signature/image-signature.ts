import type { DigestAlgorithm } from "../../model/host.ts";

/** How an image says that it is signed (Nova GCL-14). */
export interface ImageSignature {
  readonly algorithm: DigestAlgorithm;
  readonly keyType: "rsa" | "dsa" | "ec";
  /** The curve of `ec`, as Node names it. */
  readonly curve: string | null;
  readonly signature: string;
}

const algorithms: Readonly<Record<string, DigestAlgorithm>> = {
  "SHA-224": "sha224",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};
const keyTypes: Readonly<Record<string, Pick<ImageSignature, "keyType" | "curve">>> = {
  "RSA-PSS": { keyType: "rsa", curve: null },
  DSA: { keyType: "dsa", curve: null },
  ECC_SECP384R1: { keyType: "ec", curve: "secp384r1" },
  ECC_SECP521R1: { keyType: "ec", curve: "secp521r1" },
};

/** The signature among the properties of an image; null when it has none; a sentence when it cannot be checked. Pure. */
export function imageSignature(properties: Readonly<Record<string, string>>): ImageSignature | null | string {
  const {
    img_signature: signature,
    img_signature_hash_method: method,
    img_signature_key_type: type,
    img_signature_certificate_uuid: certificate,
  } = properties;
  if (signature === undefined && method === undefined && type === undefined && certificate === undefined) return null;
  if (signature === undefined || method === undefined || type === undefined) {
    return "It needs img_signature, img_signature_hash_method and img_signature_key_type, and has only some of them.";
  }
  const algorithm = Object.hasOwn(algorithms, method) ? algorithms[method] : undefined;
  if (algorithm === undefined) return `Its img_signature_hash_method is ${method}; ${Object.keys(algorithms).join(", ")} are supported.`;
  const key = Object.hasOwn(keyTypes, type) ? keyTypes[type] : undefined;
  if (key === undefined) return `Its img_signature_key_type is ${type}; ${Object.keys(keyTypes).join(", ")} are supported.`;
  if (signature.length > 8192 || !/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(signature)) return "Its img_signature is not base64.";
  return { algorithm, signature, ...key };
}
