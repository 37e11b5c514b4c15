import assert from "node:assert/strict";
import { test } from "node:test";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import { formatDiagnostics } from "../../../src/report/diagnostics.ts";
import { wrap } from "../../../src/report/wrap.ts";
import { assertGolden } from "../../support/golden.ts";

const diagnostics: Diagnostic[] = [
  {
    severity: "error",
    code: "unknown-key",
    summary: 'Unknown key "flavour"',
    detail:
      'Did you mean "flavor"? An instance takes its vcpus, memory and disk from the flavor that it names, and without one nothing is known of its size.\n\nThe flavors of this configuration:\n  m1.small\n  m1.large',
    at: { file: "site/virtform.yaml", line: 12, column: 5, text: "flavour" },
  },
  { severity: "error", code: "too-large", summary: "The guests need more memory than the host has", detail: "", address: "domain/web-7" },
  {
    severity: "warning",
    code: "behind",
    summary: "An instance is backed by older bytes of its image",
    address: "disk/web-0.root",
    detail: "Rebuild it to get the new ones.",
  },
  { severity: "note", code: "hello", summary: "A note", detail: "" },
  ...Array.from({ length: 8 }, (_, index): Diagnostic => {
    return {
      severity: "warning",
      code: "behind",
      summary: "An instance is backed by older bytes of its image",
      detail: "",
      address: `disk/web-${index + 1}.root`,
    };
  }),
];

test("diagnostics as text", () => {
  assertGolden(new URL("diagnostics.golden.txt", import.meta.url), formatDiagnostics(diagnostics, { color: false }));
});

test("errors are never gathered, warnings that say the same are", () => {
  const error: Diagnostic = { severity: "error", code: "x", summary: "Wrong", detail: "" };
  assert.equal(formatDiagnostics([error, error, error], { color: false }).match(/Error: Wrong/g)?.length, 3);
  const warning: Diagnostic = { severity: "warning", code: "x", summary: "Odd", detail: "" };
  const text = formatDiagnostics([warning, warning, warning], { color: false });
  assert.equal(text.match(/Warning: Odd/g)?.length, 1);
  assert.match(text, /and 2 more like it/);
});

test("wrapping breaks between words and keeps line ends and indentation", () => {
  assert.deepEqual(wrap("one two three\n  four five six\n\nseven\n", 9), ["one two", "three", "  four", "  five", "  six", "", "seven"]);
  assert.deepEqual(wrap("averylongword b", 5), ["averylongword", "b"]);
});

test("an excerpt shows the whole line with a caret below what is meant, cut where it is too long", () => {
  const shown = (source: string, text: string, width: number) =>
    formatDiagnostics(
      [
        {
          severity: "error",
          code: "x",
          summary: "Wrong",
          detail: "",
          at: { file: "a.yaml", line: 7, column: source.indexOf(text) + 1, text, source },
        },
      ],
      { color: false, width },
    )
      .split("\n")
      .slice(3, 5);
  assert.deepEqual(shown("  web: { flavor: smal }", "smal", 80), ["    7 |   web: { flavor: smal }", "      |                  ^^^^"]);
  assert.deepEqual(shown(`${"a".repeat(60)} smal ${"b".repeat(60)}`, "smal", 48), [
    `    7 | ${"a".repeat(35)} smal`,
    `      | ${" ".repeat(36)}^^^^`,
  ]);
  assert.deepEqual(shown("x: long-text", "long-text", 15), ["    7 | x: long-text", "      |    ^^^^^^^^^"]);
});

test("the caret is below what is meant also behind letters that take two columns, or none", () => {
  const underlined = (source: string, text: string) => {
    const at = { file: "virtform.yaml", line: 7, column: source.indexOf(text) + 1, text, source };
    const shown = formatDiagnostics([{ severity: "error", code: "unknown-key", summary: "S", detail: "", at }], { color: false });
    return shown.split("\n").slice(3, 5);
  };
  assert.deepEqual(underlined("web: { image: 日本, bogus: 2 }", "bogus"), [
    "    7 | web: { image: 日本, bogus: 2 }",
    "      |                     ^^^^^",
  ]);
  assert.deepEqual(underlined("日本: 1", "日本"), ["    7 | 日本: 1", "      | ^^^^"]);
  assert.deepEqual(underlined("cafe\u0301: { bogus: 2 }", "bogus"), ["    7 | cafe\u0301: { bogus: 2 }", "      |         ^^^^^"]);
});
