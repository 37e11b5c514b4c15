import assert from "node:assert/strict";
import { test } from "node:test";
import { codes, flavors, images, load, workspace } from "./workspace.ts";

const refused: Readonly<Record<string, readonly [content: string | Uint8Array, code: string]>> = {
  "an alias bomb": [bomb(), "yaml-too-large"],
  "aliases that grow deep": [
    `a0: &a0 [x]\n${Array.from({ length: 2000 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]\n`).join("")}`,
    "yaml-too-deep",
  ],
  "an anchor inside itself": ["a: &a [*a]\n", "anchor-cycle"],
  "an alias without its anchor": ["a: *b\n", "unknown-anchor"],
  "a million open brackets": ["[".repeat(1_000_000), "yaml-too-deep"],
  "closed brackets, deep": [`a: ${"[".repeat(5000)}${"]".repeat(5000)}\n`, "yaml-too-deep"],
  "deep mappings": [Array.from({ length: 2000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), "yaml-too-deep"],
  "deep lists on one line": [`${"- ".repeat(50_000)}a\n`, "yaml-too-deep"],
  "too many values": [`a: [${"1,".repeat(600_000)}]\n`, "yaml-too-large"],
  "a file of ten megabytes": [`# ${"x".repeat(10_000_000)}\n`, "file-too-large"],
  "bytes that are not UTF-8": [Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe, 0x0a]), "file-not-utf8"],
  "UTF-16": [Buffer.from("\uFEFFproject: shop\n", "utf16le"), "file-not-utf8"],
  "a tab for indentation": ["images:\n\ta: {}\n", "yaml-tab"],
  "an empty file": ["", "empty-file"],
  "a byte order mark and nothing else": ["\uFEFF", "empty-file"],
  "only a comment": ["# hello\n", "empty-file"],
  "two documents": ["project: a\n---\nproject: b\n", "several-documents"],
  "a document that is null": ["~\n", "not-a-mapping"],
  "a document that is text": ["hello\n", "not-a-mapping"],
  "a tag that would run code elsewhere": ["project: !!python/object/apply:os.system [id]\n", "yaml-tag"],
  "a key that reaches for the prototype": ["instances: { __proto__: { polluted: true } }\n", "key-not-allowed"],
  "a merge of something else": ["a: &a 1\nb: { <<: *a }\n", "bad-merge"],
};

for (const [name, [content, code]] of Object.entries(refused)) {
  test(`refused: ${name}`, { timeout: 20_000 }, async (context) => {
    const loaded = await load(workspace(context, { "virtform.yaml": content }));
    assert.ok(codes(loaded).includes(code), `expected ${code}, not ${codes(loaded).join(", ")}`);
    for (const { summary, detail = "" } of loaded.diagnostics) {
      assert.ok(summary.length < 200 && detail.length < 500, "messages stay short whatever the file holds");
      assert.doesNotMatch(`${summary}${detail}`, /\bat .*\.ts:|RangeError|call stack/, "no stack, no engine's words");
    }
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  });
}

test("a byte order mark and Windows line ends are fine", async (context) => {
  const text = `${images}${flavors}instances:\n  web:\n    image: debian\n    flavour: small\n`;
  const loaded = await load(workspace(context, { "virtform.yaml": `\uFEFF${text.replaceAll("\n", "\r\n")}` }));
  assert.deepEqual(
    loaded.diagnostics.map(({ code, at }) => [code, at?.line, at?.column, at?.text]),
    [["unknown-key", 6, 5, "flavour"]],
  );
});

test("two thousand instances, each with mistakes, are reported in a few seconds", { timeout: 20_000 }, async (context) => {
  const instance = (_: unknown, index: number) =>
    `  web${index}: { image: debain, flavor: small, colour: 1, networks: [{}], config_drive: 3 }\n`;
  const text = `${images}${flavors}instances:\n${Array.from({ length: 2000 }, instance).join("")}`;
  const loaded = await load(workspace(context, { "virtform.yaml": text }));
  assert.equal(loaded.diagnostics.length, 8000);
});

function bomb(): string {
  const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]\n`);
  return `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${levels.join("")}`;
}
