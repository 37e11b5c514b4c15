import assert from "node:assert/strict";
import { test } from "node:test";
import { fitBody } from "../../../ci/fit-body.ts";
import { splitWords } from "../../../ci/split-words.ts";

test("words are separated by blanks and line ends, and quotes group", () => {
  assert.deepEqual(splitWords(""), []);
  assert.deepEqual(splitWords(" \n a\tb\r\n  c "), ["a", "b", "c"]);
  assert.deepEqual(splitWords("--var 'a b' \"c'd\" x\"y z\"'!' ''"), ["--var", "a b", "c'd", "xy z!", ""]);
  assert.deepEqual(splitWords("$(id) `id` \\n *;|&"), ["$(id)", "`id`", "\\n", "*;|&"]);
  assert.throws(() => splitWords('a "b'), /The quote " at character 3/);
});

test("a report that fits is not touched, one that does not is cut at a line within the limit", () => {
  const text = `head\n${"<details>\n\n````diff\n```\n+ a\n````\n\n</details>\n".repeat(40)}`;
  assert.equal(fitBody(text, text.length, ""), text);
  for (let longest = 200; longest < 700; longest++) {
    const cut = fitBody(text, longest, "See the log.");
    assert.ok(cut.length <= longest, `${cut.length} of ${longest}`);
    assert.ok(cut.startsWith("head\n"));
    assert.equal(cut.match(/<details>/g)?.length ?? 0, cut.match(/<\/details>/g)?.length ?? 0, cut);
    assert.equal((cut.match(/^````/gm)?.length ?? 0) % 2, 0, cut);
    assert.match(cut, /See the log\.\n$/);
  }
});
