import assert from "node:assert/strict";
import { test } from "node:test";
import * as codec from "../../../../../src/tools/libvirt/rpc/codec.ts";
import { createXdrReader, ProtocolError } from "../../../../../src/tools/libvirt/rpc/xdr-reader.ts";
import { createXdrWriter } from "../../../../../src/tools/libvirt/rpc/xdr-writer.ts";

function written<T>(type: codec.Codec<T>, value: T): string {
  const out = createXdrWriter();
  type.write(out, value);
  return out.bytes().toString("hex");
}

const read = <T>(type: codec.Codec<T>, hex: string): T => type.read(createXdrReader(Buffer.from(hex, "hex")));

test("values as RFC 4506 writes them, and read back", () => {
  const cases: readonly (readonly [codec.Codec<unknown>, unknown, string])[] = [
    [codec.int, -2, "fffffffe"],
    [codec.uint, 4_294_967_295, "ffffffff"],
    [codec.hyper, 2 ** 40 + 1, "0000010000000001"],
    [codec.double, 1.5, "3ff8000000000000"],
    [codec.string, "sillyprog", "0000000973696c6c7970726f67000000"],
    [codec.string, "", "00000000"],
    [codec.string, "ü€", "00000005c3bce282ac000000"],
    [codec.optional(codec.int), null, "00000000"],
    [codec.optional(codec.int), 7, "0000000100000007"],
    [codec.list(codec.int, 3), [1, 2], "000000020000000100000002"],
    [codec.struct({ a: codec.int, b: codec.string }), { a: 1, b: "x" }, "000000010000000178000000"],
    [codec.uuid, "00112233-4455-6677-8899-aabbccddeeff", "00112233445566778899aabbccddeeff"],
  ];
  for (const [type, value, hex] of cases) {
    assert.equal(written(type, value), hex);
    assert.deepEqual(read(type, hex), value);
  }
});

test("a writer grows, and leaves room for a header", () => {
  const out = createXdrWriter(28);
  for (let count = 0; count < 1000; count += 1) codec.string.write(out, "x".repeat(count % 9));
  const bytes = out.bytes();
  assert.ok(bytes.subarray(0, 28).every((byte) => byte === 0));
  const input = createXdrReader(bytes, 28);
  for (let count = 0; count < 1000; count += 1) assert.equal(codec.string.read(input), "x".repeat(count % 9));
  assert.equal(input.left, 0);
});

test("no length is trusted: too long, too many, cut off, or neither 0 nor 1", () => {
  const refused: readonly (readonly [codec.Codec<unknown>, string])[] = [
    [codec.string, "ffffffff"],
    [codec.string, "0000000541"],
    [codec.string, "0000000541424344"],
    [codec.opaque(4), "000000050102030405000000"],
    [codec.list(codec.int, 16_384), "00004001"],
    [codec.list(codec.struct({}), 16_384), "00004000"],
    [codec.optional(codec.int), "0000000200000001"],
    [codec.int, "000000"],
    [codec.uuid, "00112233"],
  ];
  for (const [type, hex] of refused) assert.throws(() => read(type, hex), ProtocolError, hex);
});

test("what the protocol cannot carry is not sent", () => {
  assert.throws(() => written(codec.uuid, "web"), /no uuid/);
  assert.throws(() => written(codec.list(codec.int, 1), [1, 2]), /2 values/);
});

test("a name in a field of fixed length", () => {
  const field = codec.fixedString(4);
  assert.equal(written(field, "x86"), "00000078000000380000003600000000");
  assert.equal(read(field, "00000078000000380000003600000000"), "x86");
  assert.equal(read(field, "00000078000000380000003600000034"), "x864");
});
