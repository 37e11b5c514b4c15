import { mkdirSync, writeFileSync } from "node:fs";
import { after } from "node:test";

/**
 * One row of the table of backends and cases: each case is FAILED until it is said what it came to. Where VIRTFORM_DISK_ROWS names
 * a directory the row goes there, and bin/test makes one table of all runs; else it is printed at the end.
 */
export function tableRow(label: string, names: readonly string[]): (name: string, cell: string) => void {
  const cells = Object.fromEntries(names.map((name) => [name, "FAILED"]));
  const directory = process.env["VIRTFORM_DISK_ROWS"];
  const keep = () => {
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/${encodeURIComponent(label)}.json`, JSON.stringify({ label, cells }));
  };
  // Also of a run that is killed before its end there is a row.
  keep();
  if (directory === undefined) after(() => console.log([label, ...names.map((name) => `  ${name}: ${cells[name]}`)].join("\n")));
  return (name, cell) => {
    cells[name] = cell;
    keep();
  };
}
