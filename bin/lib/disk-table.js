// Prints what the suite of the disk backends came to as one table, case by backend and place, from the rows that its runs left in
// the given directory. Exit code 1 when a cell is FAILED, or when a backend that is expected here did not run at all.
import { readdirSync, readFileSync } from "node:fs";

/** Every backend in every place where the suite has to have run. A new place is a line here. */
const expected = [
  "qcow2 (real)",
  "flat (real)",
  "ploop (real)",
  "rbd (real)",
  "lvm (stand-in)",
  "qcow2 (real, over ssh)",
  "flat (real, over ssh)",
  "ploop (real, over ssh)",
  "rbd (real, over ssh)",
  "lvm (real, over ssh)",
];

const [directory = ""] = process.argv.slice(2);
const rows = new Map(
  readdirSync(directory).map((name) => {
    const { label, cells } = JSON.parse(readFileSync(`${directory}/${name}`, "utf8"));
    return [label, cells];
  }),
);
const labels = [...expected, ...[...rows.keys()].filter((label) => !expected.includes(label)).sort()];
const cases = [...new Set([...rows.values()].flatMap((cells) => Object.keys(cells)))];
const missing = "did not run";
const cellOf = (label, name) => rows.get(label)?.[name] ?? (rows.has(label) ? "no such case" : missing);

const [, backends, places] = [0, 1, 2].map((part) => labels.map((label) => /^(\S+) \((.*)\)$/.exec(label)?.[part] ?? label));
const table = [["", ...backends], ["", ...places], ...cases.map((name) => [name, ...labels.map((label) => cellOf(label, name))])];
const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
for (const line of table)
  console.log(
    line
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );

const absent = labels.filter((label) => !rows.has(label));
for (const label of absent) console.error(`Error: the suite of the disk backends did not run on ${label}.`);
const failed = labels.filter((label) => Object.values(rows.get(label) ?? {}).includes("FAILED"));
for (const label of failed) console.error(`Error: ${label} does not conform.`);
process.exitCode = absent.length + failed.length === 0 && cases.length > 0 ? 0 : 1;
