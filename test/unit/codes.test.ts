import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { allCodes } from "../../src/codes.ts";
import { assertGolden } from "../support/golden.ts";

const src = fileURLToPath(new URL("../../src/", import.meta.url));

/** What makes a problem: its code is the first argument, or the first word with a hyphen among the first ones. */
const makers = /(?<![\w.])(?:problem|userError|RefusedError|errorOf|error|tooLittle|wrong|at)\(\s*([^,{]*)/g;
const laterMakers = /(?<![\w.])(?:refuse|refused|shortage)\([^`]{0,120}?("[a-z]+(?:-[a-z0-9]+)+")/g;
const members = /\bcode(?::| =)\s*([^,;{]*)/g;
const rows = /\[\s*("[a-z]+(?:-[a-z0-9]+)+"),\s*["`]/g;
/** Words of that form that are not codes. */
const others = new Set(["bridge-nf-call-iptables", "no-mac-spoofing", "pc-i440fx", "debian-13", "host-model", "tpm-tis", "virtio-scsi"]);

async function sources(): Promise<string[]> {
  const texts: string[] = [];
  for await (const file of glob("**/*.{ts,tsx}", { cwd: src })) {
    if (!/(?:^|\/)codes\.ts$/.test(file)) texts.push(readFileSync(join(src, file), "utf8"));
  }
  return texts;
}

test("every code in use is in a table, and every row of a table is in use", async () => {
  const texts = await sources();
  const known = new Set(allCodes.flatMap(({ codes }) => Object.keys(codes)));
  const used = texts.flatMap((text) =>
    [makers, laterMakers, members, rows].flatMap((pattern) =>
      [...text.matchAll(pattern)].flatMap(([, words = ""]) =>
        [...words.matchAll(/"([a-z]+(?:-[a-z0-9]+)+)"/g)].map(([, code = ""]) => code),
      ),
    ),
  );
  assert.ok(used.length > 150, "the codes were not found");
  assert.deepEqual([...new Set(used)].filter((code) => !known.has(code) && !others.has(code)).sort(), [], "without a row in a codes.ts");
  const literals = new Set(texts.flatMap((text) => [...text.matchAll(/"([a-z][a-z0-9-]*)"/g)].map(([, word = ""]) => word)));
  assert.deepEqual([...known].filter((code) => !literals.has(code)).sort(), [], "rows that nothing uses");
});

test("no code is in two tables", () => {
  const all = allCodes.flatMap(({ codes }) => Object.keys(codes));
  assert.deepEqual(
    all.filter((code, index) => all.indexOf(code) !== index),
    [],
  );
});

test("docs/errors.md is current", () => {
  const sections = allCodes.map(({ title, codes }) => {
    const lines = Object.entries(codes).map(([code, meaning]) => `- \`${code}\`: ${meaning}`);
    return `## ${title}\n\n${lines.join("\n")}\n`;
  });
  const head =
    "# Codes of problems\n\nEvery problem that virtform reports has a stable code: in `--json` as `diagnostic.code`, in journals, and for scripts. The message says what is wrong\nwhere, and what to do; this page says what each code stands for. It is made from the tables in `src/*/codes.ts`.\n";
  assertGolden(new URL("../../docs/errors.md", import.meta.url), `${head}\n${sections.join("\n")}`);
});
