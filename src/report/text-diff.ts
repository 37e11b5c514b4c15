import { structuredPatch } from "diff";
import { count } from "./quantities.ts";
import { type Line, span } from "./style.ts";

/** Lines of a difference that are shown; a whole cloud-config fits, a megabyte does not. */
const mostLines = 60;
/** Beyond this many edits texts have little in common, and the search takes too long. */
const mostEdits = 1000;

/** What differs between two long texts as a unified difference of bounded length; `""` is an absent text. */
export function textDiff(before: string, after: string): Line[] {
  const patch = structuredPatch("", "", before, after, undefined, undefined, { context: 2, maxEditLength: mostEdits });
  if (patch === undefined) return [[span(`  entirely different: ${lengthOf(before)} → ${lengthOf(after)}`, "faint")]];
  const lines: Line[] = [];
  for (const hunk of patch.hunks) {
    if (patch.hunks.length > 1 || hunk.oldStart > 1) lines.push([span(`@@ line ${hunk.newStart} @@`, "faint")]);
    for (const line of hunk.lines) {
      if (line.startsWith("\\")) continue;
      const text = `${line.slice(0, 1)} ${line.slice(1).replaceAll("\t", "    ")}`.trimEnd();
      lines.push([line.startsWith("+") ? span(text, "add") : line.startsWith("-") ? span(text, "remove") : span(text, "faint")]);
    }
  }
  if (lines.length === 0) return [[span("  only the end of the last line differs", "faint")]];
  if (lines.length <= mostLines) return lines;
  return [...lines.slice(0, mostLines), [span(`  … ${count(lines.length - mostLines, "more line")}`, "faint")]];
}

function lengthOf(text: string): string {
  return count(text.split("\n").length, "line");
}
