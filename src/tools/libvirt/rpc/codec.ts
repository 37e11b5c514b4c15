import { ProtocolError, type XdrReader } from "./xdr-reader.ts";
import type { XdrWriter } from "./xdr-writer.ts";

/** How one type of the protocol is written and read. */
export interface Codec<T> {
  write(out: XdrWriter, value: T): void;
  read(input: XdrReader): T;
}

export type ValueOf<C> = C extends Codec<infer T> ? T : never;

/** The longest string that libvirt sends or takes (REMOTE_STRING_MAX since libvirt 1.1; 1 MiB before). */
export const maxString = 4 * 2 ** 20;

export const nothing: Codec<undefined> = { write: () => undefined, read: () => undefined };
export const int: Codec<number> = { write: (out, value) => out.int(value), read: (input) => input.int() };
export const uint: Codec<number> = { write: (out, value) => out.uint(value), read: (input) => input.uint() };
export const hyper: Codec<number> = { write: (out, value) => out.hyper(value), read: (input) => input.hyper() };
export const double: Codec<number> = { write: (out, value) => out.double(value), read: (input) => input.double() };

/** UTF-8. */
export const string: Codec<string> = {
  write: (out, value) => out.text(value),
  read: (input) => input.text(maxString),
};

/** Bytes of any length up to `max`. The bytes that are read belong to the caller. */
export function opaque(max: number): Codec<Uint8Array> {
  return { write: (out, value) => out.opaque(value), read: (input) => Buffer.from(input.opaque(max)) };
}

/** A name in a field of fixed length, padded with zeros. */
export function fixedString(length: number): Codec<string> {
  return {
    write(out, value) {
      // An array of `char` in XDR takes four bytes for each.
      const bytes = Buffer.alloc(length);
      bytes.write(value, 0, length - 1, "latin1");
      for (const byte of bytes) out.int(byte);
    },
    read(input) {
      const bytes = Buffer.alloc(length);
      for (let at = 0; at < length; at += 1) bytes[at] = input.int() & 0xff;
      const end = bytes.indexOf(0);
      return bytes.toString("latin1", 0, end < 0 ? length : end);
    },
  };
}

/** The two hexadecimal digits of each byte, as characters. */
const digitsOfBytes = Uint8Array.from(Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join(""), (digit) =>
  digit.charCodeAt(0),
);
const written = Buffer.alloc(36, "-");

/** `11111111-2222-4333-8444-555555555555`, sixteen bytes on the wire. */
export const uuid: Codec<string> = {
  write(out, value) {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) throw new Error(`${JSON.stringify(value)} is no uuid`);
    out.hex(value.replaceAll("-", ""));
  },
  read(input) {
    const bytes = input.fixed(16);
    let place = 0;
    // In one piece: V8 would join pieces when the uuid is looked up, in a list of thousands.
    for (let index = 0; index < 16; index += 1) {
      if (index === 4 || index === 6 || index === 8 || index === 10) place += 1;
      const digits = 2 * (bytes[index] as number);
      written[place] = digitsOfBytes[digits] as number;
      written[place + 1] = digitsOfBytes[digits + 1] as number;
      place += 2;
    }
    return written.toString("latin1");
  },
};

/** A value that may be absent: null. */
export function optional<T>(codec: Codec<T>): Codec<T | null> {
  return {
    write(out, value) {
      out.int(value === null ? 0 : 1);
      if (value !== null) codec.write(out, value);
    },
    read(input) {
      const present = input.int();
      if (present !== 0 && present !== 1) throw new ProtocolError(`${present} where only 0 and 1 are allowed`);
      return present === 1 ? codec.read(input) : null;
    },
  };
}

/** Up to `max` values of one type, each of which takes at least four bytes. */
export function list<T>(codec: Codec<T>, max: number): Codec<readonly T[]> {
  return {
    write(out, values) {
      if (values.length > max) throw new Error(`${values.length} values where the protocol allows ${max}`);
      out.uint(values.length);
      for (const value of values) codec.write(out, value);
    },
    read(input) {
      const count = input.uint();
      if (count > max) throw new ProtocolError(`${count} values where at most ${max} are allowed`);
      if (count * 4 > input.left) throw new ProtocolError(`${count} values in ${input.left} bytes`);
      const values: T[] = [];
      for (let at = 0; at < count; at += 1) values.push(codec.read(input));
      return values;
    },
  };
}

/** Fields one after the other, in the order of the object. */
export function struct<F extends Readonly<Record<string, Codec<unknown>>>>(
  fields: F,
): Codec<{ readonly [K in keyof F]: F[K] extends Codec<infer T> ? T : never }> {
  type Value = { readonly [K in keyof F]: F[K] extends Codec<infer T> ? T : never };
  const [names, codecs] = [Object.keys(fields), Object.values(fields)];
  return {
    write(out, value) {
      for (let at = 0; at < names.length; at += 1) codecs[at]?.write(out, (value as Record<string, unknown>)[names[at] as string]);
    },
    read(input) {
      const value: Record<string, unknown> = {};
      // By index: there is a struct for each guest, and an iterator makes an object for each step.
      for (let at = 0; at < names.length; at += 1) value[names[at] as string] = codecs[at]?.read(input);
      return value as Value;
    },
  };
}
