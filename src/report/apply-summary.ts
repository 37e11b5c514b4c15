import type { Diagnostic } from "../model/diagnostic.ts";
import type { Outcome } from "../model/outcome.ts";
import { countChanges, type Plan } from "../model/plan.ts";
import { changingCommands } from "./changing-commands.ts";
import { count, formatDuration } from "./quantities.ts";
import { type Line, span } from "./style.ts";
import { wrap } from "./wrap.ts";

/** The result of an apply. A change counts if all its actions are done. */
export interface ApplySummary {
  readonly add: number;
  readonly change: number;
  readonly destroy: number;
  readonly failed: readonly Outcome[];
  readonly skipped: readonly Outcome[];
  readonly cancelled: readonly Outcome[];
}

/** Counts completed changes and collects the other outcomes. */
export function summarizeApply(plan: Plan, outcomes: readonly Outcome[]): ApplySummary {
  const done = new Set(outcomes.filter(({ status }) => status === "done").map(({ action }) => action));
  const made = plan.changes.filter((change) => change.actions.every(({ id }) => done.has(id)));
  const having = (status: Outcome["status"]) => outcomes.filter((outcome) => outcome.status === status);
  return { ...countChanges(made), failed: having("failed"), skipped: having("skipped"), cancelled: having("cancelled") };
}

/** Whether every action of the plan is done. */
export function isComplete({ failed, skipped, cancelled }: ApplySummary): boolean {
  return failed.length + skipped.length + cancelled.length === 0;
}

/** The end of an apply: failures with reasons, cancelled actions, and the counts. */
export function applySummaryLines(
  plan: Plan,
  outcomes: readonly Outcome[],
  options: { readonly command: string; readonly milliseconds: number; readonly width?: number },
): Line[] {
  const summary = summarizeApply(plan, outcomes);
  const { add, change, destroy, failed, skipped, cancelled } = summary;
  const { name } = changingCommands[options.command] ?? { name: "Apply" };
  const counts = `${add} added, ${change} changed, ${destroy} destroyed`;
  if (isComplete(summary)) {
    return [
      [span(`${name} complete!`, "add"), span(` Resources: ${counts}.`), span(` Took ${formatDuration(options.milliseconds)}.`, "faint")],
    ];
  }
  const width = (options.width ?? 100) - 4;
  const lines = [
    ...listed("Cancelled:", cancelled, ({ action }) => [span(`  ${action}`)]),
    ...listed("Skipped (dependency failed):", skipped, ({ action, because }) => [
      span(`  ${action}`),
      span(because === undefined ? "" : `  (${because})`, "faint"),
    ]),
  ];
  if (failed.length > 0) {
    lines.push([span("Failed:", "error")]);
    for (const outcome of failed) {
      const at = outcome.diagnostics.find((diagnostic) => diagnostic.at !== undefined)?.at;
      const place = at === undefined ? "" : `  (${at.file}:${at.line}:${at.column})`;
      lines.push([span(`  ${outcome.action}`, "strong"), span(place, "faint")]);
      for (const diagnostic of outcome.diagnostics) lines.push(...reasonLines(diagnostic, width));
    }
    lines.push([]);
  }
  const open = [
    ...(failed.length > 0 ? [`${failed.length} failed`] : []),
    ...(skipped.length > 0 ? [`${skipped.length} skipped`] : []),
    ...(cancelled.length > 0 ? [`${cancelled.length} cancelled`] : []),
  ].join(", ");
  lines.push([span(`${name} incomplete:`, "error"), span(` ${counts}; of ${count(outcomes.length, "action")} ${open}.`)]);
  lines.push([span("Completed actions are kept. Run the same command again to continue.")]);
  return lines;
}

/** What is wrong, and below it why and what to do. */
function reasonLines({ summary, detail }: Diagnostic, width: number): Line[] {
  return [
    ...wrap(summary, width).map((line) => [span(`    ${line}`)]),
    ...(detail === "" ? [] : wrap(detail, width - 2).map((line) => [span(`      ${line}`)])),
  ];
}

/** Failures are listed in full; of skipped and cancelled actions only the first few. */
const mostListed = 20;

function listed(title: string, outcomes: readonly Outcome[], lineOf: (outcome: Outcome) => Line): Line[] {
  if (outcomes.length === 0) return [];
  const more = outcomes.length - mostListed;
  return [
    [span(title, "warning")],
    ...outcomes.slice(0, mostListed).map(lineOf),
    ...(more > 0 ? [[span(`  … and ${more} more`, "faint")]] : []),
    [],
  ];
}
