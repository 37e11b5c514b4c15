import assert from "node:assert/strict";
import { test } from "node:test";
import type { Codec } from "../../../../../src/tools/libvirt/rpc/codec.ts";
import { createFrames, headerBytes } from "../../../../../src/tools/libvirt/rpc/frames.ts";
import { lifecycleEvent, procedures } from "../../../../../src/tools/libvirt/rpc/procedures.ts";
import { errorReply } from "../../../../../src/tools/libvirt/rpc/types.ts";
import { createXdrReader, ProtocolError } from "../../../../../src/tools/libvirt/rpc/xdr-reader.ts";
import { samples } from "./samples.ts";

const rounds = 3000;

/** Numbers that are the same in every run: a failure can be repeated. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A message with some bytes changed, cut off or repeated, and lengths replaced by extreme ones. */
function damaged(bytes: Buffer, random: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  for (let count = 1 + random(4); count > 0 && copy.length >= 4; count -= 1) {
    const at = random(copy.length);
    if (random(2) === 0) copy[at] = random(256);
    else copy.writeUInt32BE([0, 1, 2 ** 31, 2 ** 32 - 1, copy.length, 16_384][random(6)] ?? 0, Math.min(at & ~3, copy.length - 4));
  }
  return random(3) === 0 ? copy.subarray(0, random(copy.length + 1)) : copy;
}

const types: readonly (readonly [string, Codec<unknown>, Buffer])[] = [
  ...samples.flatMap(({ key, call, reply }): [string, Codec<unknown>, Buffer][] => [
    [`${key} call`, procedures[key].args, call.subarray(headerBytes)],
    [`${key} reply`, procedures[key].result, reply.subarray(headerBytes)],
  ]),
  ["event", lifecycleEvent.message, Buffer.alloc(72)],
  ["error", errorReply, Buffer.alloc(200)],
];

test("damaged messages are read or refused, and no memory is taken for absent bytes", () => {
  const random = createRandom(20_261_128);
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < rounds; round += 1) {
    const [name, type, bytes] = types[round % types.length] ?? assert.fail();
    const input = damaged(bytes, random);
    try {
      type.read(createXdrReader(input));
    } catch (error) {
      assert.ok(error instanceof ProtocolError, `${name}, round ${round}: ${String(error)}: ${input.toString("hex")}`);
    }
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 2 ** 20);
});

test("damaged streams give messages or are refused", () => {
  const random = createRandom(7);
  for (let round = 0; round < rounds / 10; round += 1) {
    const stream = Buffer.concat(samples.slice(0, 3).map(({ reply }) => damaged(reply, random)));
    const frames = createFrames(({ bytes }) => assert.ok(bytes.length >= headerBytes));
    try {
      for (let at = 0; at < stream.length; ) {
        const step = 1 + random(500);
        frames(stream.subarray(at, at + step));
        at += step;
      }
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
    }
  }
});
