import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createFrames,
  finishMessage,
  headerBytes,
  type Message,
  maxMessage,
  remoteProgram,
} from "../../../../../src/tools/libvirt/rpc/frames.ts";
import { ProtocolError } from "../../../../../src/tools/libvirt/rpc/xdr-reader.ts";

function message(serial: number, body: string): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(headerBytes), Buffer.from(body)]);
  return finishMessage(bytes, { program: remoteProgram, version: 1, procedure: 14, type: 1, serial, status: 0 });
}

const shown = ({ serial, bytes, program, procedure, type }: Message) => [
  serial,
  bytes.toString("utf8", headerBytes),
  program,
  procedure,
  type,
];

test("messages are the same however the stream is cut, and although all pieces come in the same memory", () => {
  const bodies = ["", "a", "b".repeat(5000), "c".repeat(3)];
  const stream = Buffer.concat(bodies.map((body, index) => message(index, body)));
  for (const step of [1, 2, 3, 5, 28, 31, 4096, stream.length]) {
    const seen: unknown[] = [];
    const frames = createFrames((one) => seen.push(shown(one)));
    const memory = Buffer.alloc(step);
    for (let at = 0; at < stream.length; at += step) frames(memory.subarray(0, stream.copy(memory, 0, at, at + step)));
    assert.deepEqual(
      seen,
      bodies.map((body, index) => [index, body, remoteProgram, 14, 1]),
      `cut every ${step} bytes`,
    );
  }
});

test("an impossible length is refused when it arrives, before anything is kept for it", () => {
  for (const length of [0, 27, maxMessage + 1, 0xffffffff]) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(length);
    assert.throws(() => createFrames(() => assert.fail())(bytes), ProtocolError);
  }
});

test("a message that is too long is not sent", () => {
  const header = { program: remoteProgram, version: 1, procedure: 350, type: 0, serial: 1, status: 0 };
  assert.throws(() => finishMessage(Buffer.alloc(maxMessage + 4), header), /at most/);
});
