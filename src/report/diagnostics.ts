import type { Diagnostic, Place } from "../model/diagnostic.ts";
import { displayWidth } from "./display-width.ts";
import { count } from "./quantities.ts";
import { type Line, paint, span, type Tone } from "./style.ts";
import { wrap } from "./wrap.ts";

const labels: Readonly<Record<Diagnostic["severity"], readonly [string, Tone]>> = {
  error: ["Error", "error"],
  warning: ["Warning", "warning"],
  note: ["Note", "note"],
};

/**
 * Diagnostics as text, all at once: what is wrong, where, what to do, with an empty line behind each. Notes and warnings
 * with the same text for many objects are shown once; errors are shown in full.
 */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  options: { readonly color: boolean; readonly width?: number },
): string {
  return paint(diagnosticLines(diagnostics, options.width ?? 80), options.color);
}

/** The diagnostics of a plan as text: those that are known in one line each, unless `warnings`. */
export function formatPlanDiagnostics(
  diagnostics: readonly Diagnostic[],
  { color, warnings = false }: { readonly color: boolean; readonly warnings?: boolean | undefined },
): string {
  const all = warnings ? [] : diagnostics.filter((diagnostic) => diagnostic.known === true);
  // One that has nothing but its line is no shorter without its label.
  const known = gather(all).length === 1 && all[0]?.detail === "" ? [] : all;
  const others = known.length === 0 ? diagnostics : diagnostics.filter((diagnostic) => !known.includes(diagnostic));
  return paint([...diagnosticLines(others), ...knownLines(known)], color);
}

/** What was said when it was applied: a line for each, and where the rest of it is. */
function knownLines(known: readonly Diagnostic[]): Line[] {
  if (known.length === 0) return [];
  const lines = gather(known).map(([first, ...others]): Line => {
    const place = first?.at === undefined ? (first?.address ?? "") : `${first.at.file}:${first.at.line}`;
    const more = others.length === 0 ? "" : `${place === "" ? "" : " "}and ${others.length} more like it`;
    const where = place === "" && more === "" ? "" : `  (${place}${more})`;
    return [span(`  ${(first?.summary ?? "").split(/\r?\n/, 1)[0]}`), span(where, "faint")];
  });
  const warnings = known.filter(({ severity }) => severity === "warning").length;
  const what = [count(warnings, "warning"), count(known.length - warnings, "note")]
    .filter((words) => !words.startsWith("0 "))
    .join(" and ");
  return [[span(`${what} about what does not change; --warnings shows all of it:`, "faint")], ...lines, []];
}

/** The same as lines. */
export function diagnosticLines(diagnostics: readonly Diagnostic[], width = 80): Line[] {
  return gather(diagnostics).flatMap((same) => oneDiagnostic(same, width));
}

/** Groups of diagnostics to show together, in the order of their first. */
function gather(diagnostics: readonly Diagnostic[]): Diagnostic[][] {
  const groups = new Map<string, Diagnostic[]>();
  for (const [index, diagnostic] of diagnostics.entries()) {
    const { severity, code, summary } = diagnostic;
    const key = severity === "error" ? String(index) : `${severity} ${code} ${summary}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [diagnostic]);
    else group.push(diagnostic);
  }
  return [...groups.values()];
}

function oneDiagnostic(same: readonly Diagnostic[], width: number): Line[] {
  const [first] = same;
  if (first === undefined) return [];
  const [label, tone] = labels[first.severity];
  const [head = "", ...more] = first.summary.split(/\r?\n/);
  const lines: Line[] = [[span(`${label}: `, tone), span(head, "strong")], ...more.map((line) => [span(`  ${line}`)])];
  if (first.address !== undefined || first.at !== undefined) {
    lines.push([]);
    if (first.address !== undefined) lines.push([span("  with "), span(first.address, "strong")]);
    if (first.at !== undefined) {
      lines.push([span(`  on ${first.at.file}:${first.at.line}:${first.at.column}`)], ...excerpt(first.at, width));
    }
  }
  if (first.detail !== "") lines.push([], ...wrap(first.detail, width - 2).map((line) => [span(line === "" ? "" : `  ${line}`)]));
  const others = same.slice(1);
  if (others.length > 0) lines.push([], ...alike(others, width));
  return [...lines, []];
}

/** The line of a place with a caret under what is meant; where the line is not shown, as it may hold a secret, only what is meant. */
function excerpt({ line, column, text, source }: Place, width: number): Line[] {
  if (text === undefined) return [];
  const head = `    ${line} | `;
  if (source === undefined) return [[span(head, "faint"), span("… ", "faint"), span(text), span(" …", "faint")]];
  // A long line is cut in front of what is meant and behind it.
  const room = Math.max(20, width - head.length);
  const from = column - 1 + text.length <= room ? 0 : Math.max(0, Math.min(column - 1, column - 1 + text.length - room));
  const shown = source.slice(from, from + room).replaceAll("\t", " ");
  const start = column - 1 - from;
  const carets = "^".repeat(Math.max(1, displayWidth(shown.slice(start, start + text.length))));
  const under = `${" ".repeat(head.length - 2)}| ${" ".repeat(displayWidth(shown.slice(0, start)))}`;
  return [
    [span(head, "faint"), span(shown)],
    [span(under, "faint"), span(carets, "error")],
  ];
}

/** Where else the same is true: the first few by name. */
function alike(others: readonly Diagnostic[], width: number): Line[] {
  const places = [...new Set(others.map(({ address, at }) => address ?? (at === undefined ? "" : `${at.file}:${at.line}`)))].filter(
    Boolean,
  );
  const named = places.slice(0, 5).join(", ");
  const rest = places.length > 5 ? ", …" : "";
  const text = `and ${others.length} more like it${named === "" ? "" : `: ${named}${rest}`}`;
  return wrap(text, width - 2).map((line) => [span(`  ${line}`, "faint")]);
}
