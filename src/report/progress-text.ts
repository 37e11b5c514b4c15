import type { ActionProgress } from "../model/action.ts";
import type { Outcome } from "../model/outcome.ts";
import type { PlannedAction } from "../model/plan.ts";
import { approximateQuantity } from "../model/quantity.ts";
import { type Pace, timeLeft } from "./pace.ts";
import { formatDuration } from "./quantities.ts";
import { type Line, span } from "./style.ts";
import { wrap } from "./wrap.ts";

/** `download 45% of 1.2GiB, 80MiB/s, 8s left`; only `540MiB` while the whole and the pace are not known, and why it is tried again. */
export function progressText(progress: ActionProgress, pace?: Pace): string {
  const { done, total, phase, retry, waits } = progress;
  if (waits !== undefined) return `${done} of ${total ?? 0} ready; ${waits}`;
  const share = total === undefined || total <= 0 ? approximateQuantity(done) : `${percent(done, total)}% of ${approximateQuantity(total)}`;
  const left = timeLeft(progress, pace);
  return [
    phase === undefined ? share : `${phase} ${share}`,
    ...(retry === undefined ? [] : [`try ${retry.attempt}${retry.of === undefined ? "" : ` of ${retry.of}`} (${retry.because})`]),
    ...(retry !== undefined || pace?.speed === undefined ? [] : [`${approximateQuantity(Math.round(pace.speed))}/s`]),
    ...(retry !== undefined || left === undefined ? [] : [`${formatDuration(left)} left`]),
  ].join(", ");
}

/** A whole number from 0 to 100, rounded down so that 100 means the end. */
export function percent(done: number, total: number): number {
  return Math.max(0, Math.min(100, Math.floor((done / total) * 100)));
}

/** The line for an action that starts. */
export function startLine(action: PlannedAction): Line {
  return [span(action.address, "strong"), span(`: ${action.summary} …`)];
}

/** The line for a running action. */
export function progressLine(action: PlannedAction, progress: ActionProgress, elapsedMs: number, pace?: Pace): Line {
  return [span(action.address, "strong"), span(`: ${progressText(progress, pace)}`), span(` after ${formatDuration(elapsedMs)}`, "faint")];
}

/** An action has ended; a failure with what is wrong; what to do about it follows in the summary. */
export function endLine(action: PlannedAction, outcome: Outcome): Line[] {
  const head = span(action.address, "strong");
  const what = `: ${action.summary}`;
  const took = formatDuration(outcome.milliseconds);
  switch (outcome.status) {
    case "done":
      return [[head, span(what), span(": done", "add"), span(` in ${took}`, "faint")]];
    case "failed": {
      const reason = outcome.diagnostics.flatMap(({ summary }) => wrap(summary, 96));
      return [
        [head, span(what), span(": failed", "error"), span(` after ${took}`, "faint")],
        ...reason.map((line) => [span(`    ${line}`)]),
      ];
    }
    case "skipped":
      return [[head, span(what), span(": skipped", "warning"), span(outcome.because === undefined ? "" : `: ${outcome.because} failed`)]];
    case "cancelled":
      return [[head, span(what), span(outcome.milliseconds > 0 ? ": stopped" : ": not started", "warning")]];
  }
}
