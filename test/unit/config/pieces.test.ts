import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Located, placeOf } from "../../../src/config/located.ts";
import { parseYaml } from "../../../src/config/parse-yaml.ts";
import { splitYaml } from "../../../src/config/split-yaml.ts";

// A text that is read in pieces must give what the whole text gives: values, places and mistakes.
const root = join(import.meta.dirname, "../../..");
const samples = globSync(["examples/**/*.yaml", "test/**/*.yaml"], { cwd: root }).map((name) => readFileSync(join(root, name), "utf8"));
const tricky = [
  "---\n# first\na: 1\nb:\n  c: |+\n    text\n\n\n  d: 2\n",
  "a: &x { y: 1 }\nb:\n  c: *x\n  d:\n    <<: *x\n  e: &x 5\nf: *x\n",
  "a:\n- 1\n- 2\nb: 3\n",
  "? a\n: b\nc: d\n",
  "a:\n  ? b\n  : c\n  d: e\n",
  "a: |\n text\n# comment\n\nb:\n  c: >-\n\n    folded\n    text\n\n  d: 'one\n\n    two'\n  e: \"x\n    y\"\n",
  "a:\n  b: [1,\n2]\n  c: {\n}\n",
  "a:\n  b: 1\n c: 2\n",
  "a:\n  b: 1\n\tc: 2\n  d: 1\n",
  "a: 1\na: 2\nb:\n  c: 1\n  c: 2\nb: 3\n",
  "a:\n  <<: 1\n  b: 2\n<<: { c: 1 }\n1: 2\n__proto__: 3\n",
  "--- &x\na: 1\nb: *x\n",
  "--- !!map\na: 1\nb: 2\n",
  "--- |\na: 1\nb: 2\n",
  "--- {\na: 1,\nb: 2 }\n",
  "a: 1\n...\nb: 2\n",
  "a: 1\n--- # next\nb: 2\n",
  "%YAML 1.1\n---\na: yes\nb: 2\n",
  "a: x\n  y\nb:\n  c: d\n   e\n  f: g\n",
  "a:   # note\n  b: 1 # note\n  # note\n  c: 2\n# end\n",
  "a:\r\n  b: 1\r\n  c: |\r\n    x\r\n\r\n  d: 2\r\ne: 3\r\n",
  '"a": 1\n\'b\': 2\n"c":\n  "d": 1\n  e: 2\n',
  "a: &a [*a]\nb: 1\n",
  "a: 1\nb: *nothing\n",
  "a: !!str 1\nb: !x 2\n",
  "a:\n  b:\n  c:\nd:\n",
  "a: |2\n    x\n  y\nb: 1\n",
  "a: 'open\nb: 1\n",
  "a: }\nb: 1\n",
  " a: 1\n b: 2\n",
  "text\nb: 1\n",
  "a:\n  - b: 1\n  - c: 2\nd:\n  e: 1\n  - f\n",
];

test("a text in pieces gives what the whole text gives", () => {
  let cut = 0;
  for (const text of [...samples, ...tricky]) {
    for (const size of [1, 40, 300]) {
      if (splitYaml(text, size) !== undefined) cut += 1;
      assert.deepEqual(read(text, size), read(text, text.length + 1), `pieces of ${size}:\n${text}`);
    }
  }
  assert.ok(cut > 100, `${cut} of the samples were cut`);
});

test("the same of texts with a random mistake", () => {
  const random = generator(7);
  const signs = ["\n", " ", "  ", ":", "-", "#", "'", '"', "[", "}", "|", "&a ", "*a", "\t", "---\n", "? ", "<<: ", "!x "];
  for (const text of [...samples, ...tricky].filter(({ length }) => length < 2500)) {
    for (let round = 0; round < 6; round += 1) {
      const at = random(text.length);
      const broken = `${text.slice(0, at)}${signs[random(signs.length)]}${text.slice(at + random(3))}`;
      assert.deepEqual(read(broken, 30), read(broken, broken.length + 1), JSON.stringify(broken));
    }
  }
});

function read(text: string, pieceSize: number) {
  const { root: located, diagnostics } = parseYaml("f.yaml", "/f.yaml", text, pieceSize);
  return { diagnostics, value: located === undefined ? undefined : plain(located) };
}

function plain({ kind, scalar, span, entries, weight, depth }: Located): unknown {
  const inside = [...entries].map(([key, entry]) => [key, entry.key === undefined ? null : placeOf(entry.key), plain(entry.node)]);
  return { kind, scalar, weight, depth, place: placeOf(span), inside };
}

/** Numbers below a bound, the same in every run. */
function generator(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * Math.max(1, bound));
  };
}
