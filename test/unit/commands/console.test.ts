import assert from "node:assert/strict";
import { test } from "node:test";
import { streamLog } from "../../../src/commands/stream-log.ts";
import { terminalText } from "../../../src/commands/terminal-text.ts";

const never = new AbortController().signal;

/** A log of so many zeros, and how much of it has been read. */
function zeros(size: number) {
  const log = {
    bytesRead: 0,
    longest: 0,
    async read(offset: number, length: number) {
      const piece = Buffer.alloc(Math.min(length, Math.max(0, size - offset)));
      log.bytesRead += piece.length;
      log.longest = Math.max(log.longest, piece.length);
      return piece;
    },
    size: async () => size,
  };
  return log;
}

test("a log of 5 GiB is not read on after its reader has gone, and only one piece waits to be written", async () => {
  const log = zeros(5 * 2 ** 30);
  const stop = new AbortController();
  let waiting = 0;
  let most = 0;
  let pieces = 0;
  await streamLog(
    log,
    async () => {
      waiting += 1;
      most = Math.max(most, waiting);
      await new Promise(setImmediate);
      waiting -= 1;
      pieces += 1;
      if (pieces === 10) stop.abort();
    },
    { follow: false, stop: stop.signal },
  );
  assert.equal(most, 1);
  assert.ok(log.longest <= 2 ** 20 && log.bytesRead <= 11 * log.longest, `${log.bytesRead} bytes were read`);
});

test("without --follow a log that grows faster than it is read comes to an end", async () => {
  const log = { ...zeros(0), read: async (_: number, length: number) => Buffer.alloc(length), size: async () => 200_000 };
  let bytes = 0;
  const count = async (piece: Buffer) => {
    bytes += piece.length;
  };
  const found = await streamLog(log, count, { follow: false, stop: never });
  assert.deepEqual([found, bytes], [true, 200_000]);
});

test("with --follow what is appended is printed, and a log that was cut starts from the beginning", async () => {
  let content = "one ";
  let text = "";
  const stop = new AbortController();
  const log = {
    read: async (offset: number, length: number) => Buffer.from(content.slice(offset, offset + length)),
    size: async () => content.length,
  };
  const steps = ["one two ", "3 "];
  const found = await streamLog(
    log,
    async (piece) => {
      text += piece.toString();
      const next = steps.shift();
      if (next === undefined) stop.abort();
      else content = next;
    },
    { follow: true, stop: stop.signal },
  );
  assert.deepEqual([found, text], [true, "one two 3 "]);
});

test("a missing log is reported as missing", async () => {
  const log = { read: async () => undefined, size: async () => undefined };
  assert.equal(await streamLog(log, async () => assert.fail(), { follow: true, stop: never }), false);
});

const guest = "\u001b]0;OWNED\u0007\u001b[2J\u001b[0;32m  OK \u001b[0m ä\u202e\r\r\nprompt\r# \u009b31m\tend\n";
const shown = "\\u001b]0;OWNED\\u0007\\u001b[2J  OK  ä\\u202e\nprompt\\u000d# \\u009b31m\tend\n";

test("on a terminal a guest's control characters are escaped, its colours dropped, its lines kept, wherever the pieces are cut", () => {
  const bytes = Buffer.from(guest);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const text = terminalText();
    assert.equal(text(bytes.subarray(0, cut)) + text(bytes.subarray(cut)), shown, `cut at ${cut}`);
  }
  const text = terminalText();
  assert.equal([...bytes].map((byte) => text(Buffer.of(byte))).join(""), shown);
});

test("text that never finishes a sequence is bounded", () => {
  const text = terminalText();
  let length = 0;
  for (let piece = 0; piece < 100; piece += 1) length += text(Buffer.from(`\u001b[${"1;".repeat(5000)}`)).length;
  assert.ok(length > 900_000, `${length} characters were shown`);
});

test("--lines begins with the last so many lines, and looks for them only so far back", async () => {
  const text = Array.from({ length: 50_000 }, (_, line) => `line ${line}\n`).join("");
  const log = (content: Buffer) => ({
    read: async (offset: number, length: number) => content.subarray(offset, offset + length),
    size: async () => content.length,
  });
  const tail = async (content: string, lines: number) => {
    const printed: Buffer[] = [];
    await streamLog(log(Buffer.from(content)), async (piece) => void printed.push(piece), { follow: false, stop: never, lines });
    return Buffer.concat(printed).toString();
  };
  assert.equal(await tail(text, 2), "line 49998\nline 49999\n");
  assert.equal(await tail(`${text}unfinished`, 2), "line 49999\nunfinished");
  assert.equal(await tail("one\ntwo\n", 9), "one\ntwo\n");
  assert.equal(await tail("one\ntwo\n", 0), "");
  const endless = zeros(5 * 2 ** 30);
  await streamLog(endless, async () => {}, { follow: false, stop: never, lines: 1 });
  assert.ok(endless.bytesRead <= 40 * 2 ** 20, `${endless.bytesRead} bytes were read`);
});
