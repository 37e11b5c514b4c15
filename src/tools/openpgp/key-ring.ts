/** OpenPGP packets (RFC 9580, 10.1) that a file of public keys can begin with and that must not be in it. */
const publicKey = 6;
const secretKey = 5;

/** The public keys of a file, armored or binary, as one binary key ring; a sentence about the file when it holds none. Pure. */
export function keyRing(content: Buffer): Buffer | string {
  const armor = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
  const text = content.toString("latin1");
  if (text.includes("-----BEGIN PGP PRIVATE KEY BLOCK-----")) return "holds a private key";
  const packets = text.includes(armor) ? Buffer.concat(text.split(armor).slice(1).map(armored)) : content;
  const first = packetType(packets);
  if (first === secretKey) return "holds a private key";
  return first === publicKey ? packets : "holds no OpenPGP public key";
}

/** The bytes of one armored block, whose first line was cut off. */
function armored(block: string): Buffer {
  const [body = ""] = block.split("-----END PGP PUBLIC KEY BLOCK-----");
  // Headers such as Version and Comment end with an empty line.
  const lines = body.split(/\r?\n/).map((line) => line.trim());
  const empty = lines.indexOf("", 1);
  const data = (empty < 0 ? lines : lines.slice(empty)).filter((line) => line !== "" && !line.startsWith("="));
  return Buffer.from(data.join(""), "base64");
}

/** The type of the first packet; undefined for bytes that are none. */
function packetType(packets: Buffer): number | undefined {
  const [tag = 0] = packets;
  if ((tag & 0x80) === 0) return undefined;
  return (tag & 0x40) === 0 ? (tag & 0x3c) >> 2 : tag & 0x3f;
}
