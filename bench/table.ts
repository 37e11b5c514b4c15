import type { Row } from "./row.ts";

const head = ["what", "virtform", "baseline", "ratio", "aim", "peak memory", "measured"];

/**
 * The table of the results, in which `rows`, measured on `date`, replace those of the same name and follow the others. `before` is
 * the table so far, in Markdown.
 */
export function merged(before: string, rows: readonly Row[], date: string): string {
  const lines = new Map(cellsOf(before).map((cells) => [cells[0] ?? "", cells]));
  for (const { what, virtform, baseline, result, aim, peak } of rows) {
    lines.set(what, [what, virtform, baseline, result, aim, peak, date]);
  }
  const all = [head, head.map(() => "---"), ...lines.values()];
  return all.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function cellsOf(markdown: string): string[][] {
  const lines = markdown.split("\n").filter((line) => line.startsWith("|"));
  const cells = lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return cells.filter((each) => each.length === head.length);
}
