import { createHash } from "node:crypto";

const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const rounds = 5000;

/** The order in which bytes of the last digest are written, three at a time. */
const order = Array.from({ length: 21 }, (_, group) => {
  const bytes = [group, group + 21, group + 42];
  const turn = group % 3;
  return [...bytes.slice(turn), ...bytes.slice(0, turn)] as [number, number, number];
});

/** A password as /etc/shadow has it: SHA-512 with 5000 rounds (`$6$`), which every Linux of the last years knows. `salt`: up to 16 characters of `./0-9A-Za-z`. Pure. */
export function sha512Crypt(password: string, salt: string): string {
  const key = Buffer.from(password);
  const grain = Buffer.from(salt.slice(0, 16));
  const second = sha512(key, grain, key);
  const first: Buffer[] = [key, grain, repeated(second, key.length)];
  for (let length = key.length; length > 0; length >>= 1) first.push(length & 1 ? second : key);
  let digest = sha512(...first);
  const keys = repeated(sha512(...Array.from({ length: key.length }, () => key)), key.length);
  const grains = repeated(sha512(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => grain)), grain.length);
  for (let round = 0; round < rounds; round += 1) {
    digest = sha512(
      round & 1 ? keys : digest,
      ...(round % 3 === 0 ? [] : [grains]),
      ...(round % 7 === 0 ? [] : [keys]),
      round & 1 ? digest : keys,
    );
  }
  return `$6$${grain}$${encoded(digest)}`;
}

/** A salt of 16 characters from 16 random bytes. Pure. */
export function saltOf(random: Uint8Array): string {
  return [...random.subarray(0, 16)].map((byte) => alphabet[byte % 64]).join("");
}

/** Whether a text is a hash as /etc/shadow has it (yescrypt, SHA-512, SHA-256, bcrypt) rather than a password. Pure. */
export function isPasswordHash(text: string): boolean {
  return /^\$(?:y|gy|7|6|5|2[abxy])\$[./A-Za-z0-9$=,-]{20,}$/.test(text);
}

function sha512(...parts: readonly Uint8Array[]): Buffer {
  const digest = createHash("sha512");
  for (const part of parts) digest.update(part);
  return digest.digest();
}

/** `length` bytes of a digest, one after the other. */
function repeated(digest: Buffer, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => digest[index % digest.length] ?? 0));
}

function encoded(digest: Buffer): string {
  const at = (index: number) => digest[index] ?? 0;
  const groups = order.map(([high, middle, low]) => characters((at(high) << 16) | (at(middle) << 8) | at(low), 4));
  return [...groups, characters(at(63), 2)].join("");
}

function characters(value: number, count: number): string {
  return Array.from({ length: count }, (_, index) => alphabet[(value >> (6 * index)) & 63]).join("");
}
