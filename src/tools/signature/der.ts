/** One element of DER (ITU-T X.690). */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
}

/** The elements that follow each other in some bytes; undefined where they are no DER. At most 64 are read. */
export function derElements(bytes: Buffer): DerElement[] | undefined {
  const found: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at];
    const first = bytes[at + 1];
    if (tag === undefined || first === undefined || found.length === 64) return undefined;
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (lengthBytes > 4 || first === 0x80 || at + 2 + lengthBytes > bytes.length) return undefined;
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
    // DER writes a length with as few bytes as possible.
    if (lengthBytes > 0 && (length < 0x80 || bytes[at + 2] === 0)) return undefined;
    const start = at + 2 + lengthBytes;
    if (start + length > bytes.length) return undefined;
    found.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

/** The elements of a sequence that is all of some bytes; undefined where there is none. */
export function derSequence(bytes: Buffer): DerElement[] | undefined {
  const [only, ...rest] = derElements(bytes) ?? [];
  return only?.tag === 0x30 && rest.length === 0 ? derElements(only.content) : undefined;
}

/** An INTEGER that is not negative, in its shortest form; undefined for anything else. At most 2048 bytes. */
export function derNumber(element: DerElement | undefined): bigint | undefined {
  if (element?.tag !== 0x02) return undefined;
  const { content } = element;
  const [first = 0x80, second = 0x80] = content;
  if (content.length > 2048 || first >= 0x80 || (first === 0 && content.length > 1 && second < 0x80)) return undefined;
  return BigInt(`0x${content.toString("hex")}`);
}
