import type { Row, Unmeasured } from "./measure.ts";

/** The results as a Markdown table. */
export function table(rows: readonly (Row | Unmeasured)[]): string {
  const head = ["what", "virtform", "baseline", "ratio", "aim", "peak memory"];
  const lines = rows.map((row) => ("why" in row ? [row.what, `not measured here: ${row.why}`, "", "", "", ""] : cellsOf(row)));
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function cellsOf({ what, baseline, ours, theirs, aim, peakBytes }: Row): string[] {
  return [
    what,
    milliseconds(ours),
    `${milliseconds(theirs)} (${baseline})`,
    `${(ours / theirs).toFixed(2)}×`,
    `≤ ${aim}×`,
    `${Math.round(peakBytes / 2 ** 20)} MiB`,
  ];
}

function milliseconds(seconds: number): string {
  return seconds >= 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds * 1000)} ms`;
}
