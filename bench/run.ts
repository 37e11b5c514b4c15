/** Measures virtform against what it stands on, and writes the table into docs/performance.md. Needs root and libvirt. */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { benchDisks } from "./disks.ts";
import { benchImage } from "./image.ts";
import { compare, runOnce } from "./measure.ts";
import { benchPlan } from "./plan.ts";
import { table } from "./table.ts";
import { virtform } from "./workspace.ts";

const startUp = compare(
  "virtform --version",
  "node -e 0",
  1.5,
  15,
  () => runOnce(process.execPath, [virtform, "--version"]),
  () => runOnce(process.execPath, ["-e", "0"]),
);
const rows = [startUp, ...benchPlan([10, 100, 1000]), benchDisks(), benchImage()];
const result = table(rows);
const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
console.log(`${result}\n\n${machine}`);

const page = new URL("../docs/performance.md", import.meta.url);
const [before, after] = readFileSync(page, "utf8").split(/<!-- results -->[\s\S]*<!-- end of results -->/);
writeFileSync(page, `${before}<!-- results -->\n\n${result}\n\nMeasured on ${machine}.\n\n<!-- end of results -->${after}`);
