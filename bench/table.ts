import type { Row } from "./measure.ts";

/** The results as a Markdown table. */
export function table(rows: readonly Row[]): string {
  const head = ["what", "virtform", "baseline", "ratio", "aim", "peak memory"];
  const lines = rows.map(({ what, baseline, ours, theirs, aim, peakBytes }) => [
    what,
    milliseconds(ours),
    `${milliseconds(theirs)} (${baseline})`,
    `${(ours / theirs).toFixed(2)}×`,
    `≤ ${aim}×`,
    `${Math.round(peakBytes / 2 ** 20)} MiB`,
  ]);
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function milliseconds(seconds: number): string {
  return seconds >= 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds * 1000)} ms`;
}
