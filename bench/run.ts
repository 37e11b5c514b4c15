/**
 * Measures virtform against named baselines and writes the table of docs/performance.md. Needs root and libvirt.
 *
 *   npm run bench                        all rows
 *   npm run bench -- plan qcow2          all sizes of some benchmarks
 *   npm run bench -- plan:10 running:2   other sizes
 *   npm run bench -- --dry plan:1        prints the rows and leaves the page alone
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { otherDomains } from "./other-domains.ts";
import type { Row } from "./row.ts";
import { benchmarks } from "./rows.ts";
import { merged } from "./table.ts";

const words = process.argv.slice(2);
const isDry = words.includes("--dry");
const named = words.filter((word) => !word.startsWith("--"));
const chosen = (named.length === 0 ? usual() : named).map((word) => {
  const [name = "", size] = word.split(":");
  const benchmark = benchmarks[name];
  if (benchmark === undefined || (size !== undefined && !/^[1-9]\d*$/.test(size))) {
    console.error(`Unknown benchmark: ${word}. Use NAME or NAME:SIZE with one of ${Object.keys(benchmarks).join(", ")}.`);
    process.exit(1);
  }
  return { name, run: benchmark.run, sizes: size === undefined ? benchmark.sizes : [Number(size)] };
});

const page = new URL("../docs/performance.md", import.meta.url);
const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
for (const { name, sizes, run } of chosen) {
  for (const size of sizes) {
    const others = otherDomains();
    const conditions = `load ${loadavg()[0]?.toFixed(1)}${others === 0 ? "" : `, ${others} other domain${others === 1 ? "" : "s"}`}`;
    try {
      report(await run(size), `${new Date().toISOString().slice(0, 10)}, ${conditions}`);
    } catch (error) {
      // The other rows are worth having.
      console.error(`${name}:${size} failed: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
}

/** Those that run when none is named. */
function usual(): string[] {
  return Object.keys(benchmarks).filter((name) => benchmarks[name]?.named !== true);
}

/** Each row is written as soon as it is known: all of them take ten minutes. */
function report(rows: readonly Row[], date: string): void {
  for (const { what, virtform, baseline, result, aim, peak } of rows) {
    console.log([what, virtform, baseline, result, aim, peak].filter((cell) => cell !== "").join(" | "));
  }
  if (isDry) return;
  const text = readFileSync(page, "utf8");
  const [start = "", before = "", end = ""] = text.split(/<!-- (?:end of )?results -->/);
  const table = merged(before, rows, date);
  writeFileSync(page, `${start}<!-- results -->\n\n${table}\n\nMachine: ${machine}.\n\n<!-- end of results -->${end}`);
}
