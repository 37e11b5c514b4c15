import { constants, createHash, type KeyObject, publicDecrypt } from "node:crypto";
import type { DigestAlgorithm } from "../../model/host.ts";
import { inverse, modulo, power } from "./arithmetic.ts";
import { derElements, derNumber, derSequence } from "./der.ts";

/** What a signature is checked with. Node's own functions want the signed bytes; on a host elsewhere only their digest is here. */
export interface SignedDigest {
  readonly algorithm: DigestAlgorithm;
  readonly digest: Buffer;
  readonly signature: Buffer;
}

/**
 * Whether a digest was signed with the private key of this public one: RSA-PSS (MGF1 with the same hash, any salt), DSA, or ECDSA on P-256,
 * P-384 or P-521. False for anything that is no such signature. Only public values are used, so that its time tells nothing.
 */
export function verifyDigest(key: KeyObject, signed: SignedDigest): boolean {
  if (key.asymmetricKeyType === "rsa" || key.asymmetricKeyType === "rsa-pss") return verifyPss(key, signed);
  if (key.asymmetricKeyType === "dsa") return verifyDsa(key, signed);
  return key.asymmetricKeyType === "ec" && verifyEcdsa(key, signed);
}

/** RFC 8017, 8.1.2 and 9.1.2. */
function verifyPss(key: KeyObject, { algorithm, digest, signature }: SignedDigest): boolean {
  const bits = (key.asymmetricKeyDetails?.modulusLength ?? 0) - 1;
  // OpenSSL takes a signature without its leading zeros, which is another one by RFC 8017, 8.1.2.
  if (signature.length !== Math.ceil((bits + 1) / 8)) return false;
  let message: Buffer;
  try {
    message = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    return false;
  }
  const length = Math.ceil(bits / 8);
  // With a modulus of 8n + 1 bits the message is a byte shorter.
  if (message.length > length && message.subarray(0, message.length - length).some((byte) => byte !== 0)) return false;
  const encoded = message.subarray(message.length - length);
  const hashed = digest.length;
  if (length < hashed + 2 || encoded.at(-1) !== 0xbc) return false;
  const masked = encoded.subarray(0, length - hashed - 1);
  const hash = encoded.subarray(length - hashed - 1, length - 1);
  const spare = 8 * length - bits;
  if (((masked[0] ?? 0) & (0xff << (8 - spare)) & 0xff) !== 0) return false;
  const mask = maskOf(algorithm, hash, masked.length);
  const data = Buffer.from(masked.map((byte, index) => byte ^ (mask[index] ?? 0)));
  data[0] = (data[0] ?? 0) & (0xff >> spare);
  const one = data.findIndex((byte) => byte !== 0);
  if (one < 0 || data[one] !== 1) return false;
  const salt = data.subarray(one + 1);
  return createHash(algorithm).update(Buffer.alloc(8)).update(digest).update(salt).digest().equals(hash);
}

/** MGF1 of RFC 8017. */
function maskOf(algorithm: DigestAlgorithm, seed: Buffer, length: number): Buffer {
  const pieces: Buffer[] = [];
  for (let count = 0, bytes = 0; bytes < length; count += 1) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(count);
    const piece = createHash(algorithm).update(seed).update(counter).digest();
    pieces.push(piece);
    bytes += piece.length;
  }
  return Buffer.concat(pieces).subarray(0, length);
}

/** The two numbers of a DSA or ECDSA signature; undefined unless both are from 1 to below the order. */
function numbersOf(signature: Buffer, order: bigint): readonly [r: bigint, s: bigint] | undefined {
  const parts = derSequence(signature);
  const [r, s] = [derNumber(parts?.[0]), derNumber(parts?.[1])];
  if (parts?.length !== 2 || r === undefined || s === undefined) return undefined;
  return r > 0n && r < order && s > 0n && s < order ? [r, s] : undefined;
}

/** The leftmost bits of a digest, as many as the order has. */
function numberOfDigest(digest: Buffer, order: bigint): bigint {
  const surplus = 8 * digest.length - order.toString(2).length;
  const value = BigInt(`0x${digest.toString("hex")}`);
  return surplus > 0 ? value >> BigInt(surplus) : value;
}

/** FIPS 186-4, 4.7. */
function verifyDsa(key: KeyObject, { digest, signature }: SignedDigest): boolean {
  const [algorithm, bits] = derSequence(key.export({ type: "spki", format: "der" })) ?? [];
  const [, parameters] = derElements(algorithm?.content ?? Buffer.alloc(0)) ?? [];
  const [p, q, g] = (derElements(parameters?.content ?? Buffer.alloc(0)) ?? []).map(derNumber);
  const y = derNumber(derElements(bits?.content.subarray(1) ?? Buffer.alloc(0))?.[0]);
  if (p === undefined || q === undefined || g === undefined || y === undefined) return false;
  const [r, s] = numbersOf(signature, q) ?? [];
  if (r === undefined || s === undefined) return false;
  const w = inverse(s, q);
  const first = power(g, (numberOfDigest(digest, q) * w) % q, p);
  return ((first * power(y, (r * w) % q, p)) % p) % q === r;
}

interface Curve {
  readonly p: bigint;
  readonly n: bigint;
  readonly g: Point;
}

type Point = readonly [x: bigint, y: bigint];

/** FIPS 186-4, D.1.2, by the names that OpenSSL has for them: all have a = -3. */
const curves: Readonly<Record<string, Curve>> = {
  prime256v1: {
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    g: [
      0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
    ],
  },
  secp384r1: {
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    g: [
      0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
      0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
    ],
  },
  secp521r1: {
    p: 2n ** 521n - 1n,
    n: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    g: [
      0x00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66n,
      0x011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650n,
    ],
  },
};

/** FIPS 186-4, 6.4. The key is a point of the curve: Node checks that when it reads one. */
function verifyEcdsa(key: KeyObject, { digest, signature }: SignedDigest): boolean {
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (curve === undefined) return false;
  const [r, s] = numbersOf(signature, curve.n) ?? [];
  if (r === undefined || s === undefined) return false;
  // Node cannot export the keys of all other curves in this form.
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const number = (text: string) => BigInt(`0x${Buffer.from(text, "base64url").toString("hex")}`);
  const w = inverse(s, curve.n);
  const first = multiply(curve, curve.g, (numberOfDigest(digest, curve.n) * w) % curve.n);
  const sum = add(curve, first, multiply(curve, [number(x), number(y)], (r * w) % curve.n));
  return sum !== undefined && modulo(sum[0], curve.n) === r;
}

/** Undefined is the point at infinity. */
function add({ p }: Curve, a: Point | undefined, b: Point | undefined): Point | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  const same = a[0] === b[0];
  if (same && modulo(a[1] + b[1], p) === 0n) return undefined;
  const slope = same ? (3n * a[0] * a[0] - 3n) * inverse(2n * a[1], p) : (b[1] - a[1]) * inverse(b[0] - a[0], p);
  const x = modulo(slope * slope - a[0] - b[0], p);
  return [x, modulo(slope * (a[0] - x) - a[1], p)];
}

function multiply(curve: Curve, point: Point, factor: bigint): Point | undefined {
  let result: Point | undefined;
  let doubled: Point | undefined = point;
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = add(curve, result, doubled);
    doubled = add(curve, doubled, doubled);
  }
  return result;
}
