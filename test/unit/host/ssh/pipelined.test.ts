import assert from "node:assert/strict";
import { test } from "node:test";
import { pipelined } from "../../../../src/host/ssh/pipelined.ts";
import type { Channel } from "../../../../src/model/channel.ts";

const messages = ["hello", "open", "first look, second look"].map((text) => Buffer.from(text));
const answers = ["welcome", "opened"].map((text) => Buffer.from(text));

/** A client of a channel whose messages were sent: what it writes to the channel, and what it gets. */
function client() {
  const sent: string[] = [];
  const got: string[] = [];
  const channel: Channel = {
    onData: () => undefined,
    ended: Promise.resolve(undefined),
    write: (bytes) => void sent.push(Buffer.from(bytes).toString()),
    close: () => undefined,
  };
  const outer = pipelined(channel, messages, answers);
  outer.onData = (bytes) => void got.push(bytes.toString());
  return {
    sent,
    got,
    write: (text: string) => outer.write(Buffer.from(text)),
    receive: (text: string) => channel.onData(Buffer.from(text)),
  };
}

test("answers that come ahead wait until their messages are written, and the messages are not sent a second time", () => {
  for (const whole of [true, false]) {
    const { sent, got, write, receive } = client();
    const all = "welcomeopenedanswers to looks";
    for (const piece of whole ? [all] : all) receive(piece);
    assert.deepEqual(got, []);
    write("hello");
    assert.deepEqual(got, ["welcome"]);
    write("open");
    assert.deepEqual(got, ["welcome", "opened"]);
    write("first look, second look");
    assert.deepEqual(got, ["welcome", "opened", "answers to looks"]);
    assert.deepEqual(sent, []);
    write("third look");
    receive("its answer");
    assert.deepEqual([sent, got.at(-1)], [["third look"], "its answer"]);
  }
});

test("answers that come in pieces after their messages are passed on when they are complete, and those to the last message as they come", () => {
  const { got, write, receive } = client();
  write("hello");
  receive("wel");
  assert.deepEqual(got, []);
  receive("come");
  write("open");
  receive("opened");
  write("first look, second look");
  receive("answer ");
  receive("of looks");
  assert.deepEqual(got, ["welcome", "opened", "answer ", "of looks"]);
});

test("what is written together with the last message is sent", () => {
  const { sent, write } = client();
  for (const text of ["hello", "open", "first look, second look, third look"]) write(text);
  assert.deepEqual(sent, [", third look"]);
});

for (const [what, usual, unusual, left] of [
  ["first", "", "password?", ["open", "first look, second look"]],
  ["second", "welcome", "no such driver", ["first look, second look"]],
] as const) {
  test(`after another ${what} answer than the usual one, what follows is sent`, () => {
    const { sent, got, write, receive } = client();
    write("hello");
    if (usual !== "") {
      receive(usual);
      write("open");
    }
    receive(unusual);
    assert.equal(got.at(-1), unusual);
    for (const text of left) write(text);
    assert.deepEqual(sent, left);
  });
}

test("a message that differs from the one that was sent is an error", () => {
  const { write } = client();
  assert.throws(() => write("hallo"), /differs/);
  assert.throws(() => write("hello, open"), /longer/);
  write("hello");
  write("open");
  assert.throws(() => write("first look"), /differs/);
});
