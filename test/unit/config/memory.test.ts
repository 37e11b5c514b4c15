import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

// The bound is on what the entries need, as Node itself and the compilation of the sources take 80 to 120 MiB. It is 100 MiB on
// an idle machine; a parser that keeps the whole document needs 220 MiB and more.
const allowed = 150;

test("five thousand instances as entries of their own are loaded in bounded memory", { timeout: 120_000 }, () => {
  const [one, many] = [load(1), load(5000)];
  assert.deepEqual([one.diagnostics, many.diagnostics], [0, 0]);
  assert.ok(many.peak - one.peak < allowed, `5000 instances took ${many.peak} MiB, and one took ${one.peak} MiB`);
});

function load(entries: number): { peak: number; diagnostics: number } {
  const script = join(import.meta.dirname, "many-entries.ts");
  return JSON.parse(execFileSync(process.execPath, [script, String(entries)], { encoding: "utf8", timeout: 60_000 }));
}
