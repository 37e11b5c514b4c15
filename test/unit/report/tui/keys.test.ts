import assert from "node:assert/strict";
import { test } from "node:test";
import { keyParser } from "../../../../src/report/tui/keys.ts";

const text = (characters: string) => [...characters].map((character) => ({ name: "text", text: character }));

test("characters that arrive together are keys one by one", () => {
  assert.deepEqual(keyParser().parse("yeß\r"), [...text("yeß"), { name: "enter" }]);
  assert.deepEqual(keyParser().parse("\u0003\u0001\t\u007f"), [{ name: "interrupt" }, { name: "backspace" }]);
});

test("sequences are keys, wherever they are cut, and those that mean nothing are ignored", () => {
  const sequences = "\u001b[A\u001bOB\u001b[6~\u001b[1;5C\u001b[H\u001b[3~\u001bxq";
  const keys = [{ name: "up" }, { name: "down" }, { name: "page-down" }, { name: "home" }, { name: "backspace" }, ...text("q")];
  for (let cut = 0; cut <= sequences.length; cut += 1) {
    const parser = keyParser();
    assert.deepEqual([...parser.parse(sequences.slice(0, cut)), ...parser.parse(sequences.slice(cut))], keys, `cut at ${cut}`);
    assert.equal(parser.pending, false);
  }
});

test("an escape character that nothing follows is the escape key", () => {
  const parser = keyParser();
  assert.deepEqual(parser.parse("\u001b"), []);
  assert.equal(parser.pending, true);
  assert.deepEqual(parser.flush(), [{ name: "escape" }]);
  assert.deepEqual(parser.parse("q"), text("q"));
  parser.parse("\u001b[1;");
  assert.deepEqual(parser.flush(), []);
});
