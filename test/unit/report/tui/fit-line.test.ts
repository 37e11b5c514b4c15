import assert from "node:assert/strict";
import { test } from "node:test";
import { span } from "../../../../src/report/style.ts";
import { fitLine, widthOf } from "../../../../src/report/tui/fit-line.ts";

const fitted = (columns: number, ...texts: string[]) =>
  fitLine(
    texts.map((text) => span(text)),
    columns,
  )
    .map(({ text }) => text)
    .join("");

test("a line that fits stays, a longer one is cut and marked", () => {
  assert.equal(fitted(8, "disk/", "web"), "disk/web");
  assert.equal(fitted(7, "disk/", "web"), "disk/w…");
  assert.equal(fitted(5, "disk/", "web"), "disk…");
  assert.equal(fitted(1, "disk"), "…");
});

test("wide and combining characters count as the columns that they take", () => {
  assert.equal(widthOf([span("画面"), span("e\u0301"), span("🚀")]), 7);
  assert.equal(fitted(4, "画面画面"), "画…");
  assert.equal(fitted(5, "画面画面"), "画面…");
});

test("what a terminal would obey is escaped before it is measured", () => {
  assert.equal(fitted(20, "a\u001b[2J\u202e"), "a\\u001b[2J\\u202e");
  assert.equal(fitted(4, "\u001b[2J"), "\\u0…");
});
