import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { shellLine, shellQuote } from "../../../src/host/ssh/quote.ts";

/** A generator of numbers that is the same in every run, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const alphabet = [
  "'",
  '"',
  "\\",
  "$",
  "`",
  "!",
  "*",
  "?",
  "~",
  "#",
  "&",
  "|",
  ";",
  "<",
  ">",
  "(",
  ")",
  "{",
  "}",
  "[",
  "]",
  " ",
  "\t",
  "\n",
  "\r",
  "-",
  "=",
  "%",
  "a",
  "0",
  "ä",
  "漢",
  "😀",
  "\u0001",
  "\u007f",
  "''",
  "$(id)",
  "\\'",
  "'\\''",
];

test("quoted words reach a shell unchanged", () => {
  const next = random(20_261_121);
  const words = [
    "",
    "'",
    "-n",
    "--",
    "$HOME",
    "a b",
    ...Array.from({ length: 4000 }, () =>
      Array.from({ length: Math.floor(next() * 12) }, () => alphabet[Math.floor(next() * alphabet.length)] ?? "").join(""),
    ),
  ];
  for (const shell of ["sh", "bash"]) {
    for (let start = 0; start < words.length; start += 500) {
      const some = words.slice(start, start + 500);
      const output = execFileSync(shell, ["-c", `printf '%s\\0' ${shellLine(some)}`], { encoding: "utf8" });
      assert.deepEqual(output.split("\0").slice(0, -1), some);
    }
  }
});

test("quoted twice it survives two shells, as it has to", () => {
  const next = random(7);
  for (let round = 0; round < 40; round += 1) {
    const word = Array.from({ length: 20 }, () => alphabet[Math.floor(next() * alphabet.length)] ?? "").join("");
    const inner = shellLine(["printf", "%s.", word]);
    assert.equal(execFileSync("sh", ["-c", `sh -c ${shellQuote(inner)}`], { encoding: "utf8" }), `${word}.`);
  }
});

test("a NUL is refused, since nothing after it would arrive", () => {
  assert.throws(() => shellQuote("a\0b"), TypeError);
});
