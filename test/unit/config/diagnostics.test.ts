import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import { schema } from "../../../src/kinds/schema.ts";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";

// Each directory is one configuration; expected.txt is what is said about it. UPDATE_GOLDEN=1 writes what is said now.
const cases = join(import.meta.dirname, "diagnostics");

for (const name of readdirSync(cases)) {
  test(`diagnostics: ${name}`, async () => {
    const { diagnostics } = await loadConfig([], { schema, cwd: join(cases, name) });
    const said = diagnostics.length === 0 ? "nothing\n" : diagnostics.map(describe).join("");
    const expected = join(cases, name, "expected.txt");
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(expected, said);
    assert.equal(said, readFileSync(expected, "utf8"));
    assert.doesNotMatch(JSON.stringify(diagnostics), /hunter2/);
  });
}

function describe({ severity, code, at, summary, detail }: Diagnostic): string {
  const place = at === undefined ? "" : ` ${at.file}:${at.line}:${at.column}${at.text === undefined ? "" : ` | ${at.text}`}`;
  return `${severity} ${code}${place}\n  ${summary}\n  ${detail ?? "-"}\n`;
}
