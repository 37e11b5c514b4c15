import type { PlannedAction } from "../../model/plan.ts";
import { percent, progressText } from "../progress-text.ts";
import { formatDuration } from "../quantities.ts";
import { type Line, type Span, span } from "../style.ts";
import { type ApplyViewState, listHeight } from "./apply-view.ts";
import { type Folded, fold } from "./window.ts";

const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** The view of a running apply as lines, never more than the terminal has rows. Pure; the screen cuts long lines. */
export function applyViewLines(state: ApplyViewState, now: number): Line[] {
  const { plan, actions, command } = state;
  const width = Math.min(36, Math.max(10, Math.floor(state.size.columns / 3)), Math.max(...actions.map(({ address }) => address.length)));
  const list = chooseRows(state).map((chosen) => ("row" in chosen ? actionLine(state, chosen.row, width, now) : foldLine(state, chosen)));
  const title = command === "destroy" ? "Destroying" : "Applying";
  return [
    [span(title, "strong"), span(`  project ${plan.project} on ${plan.target.uri}  ${formatDuration(now - state.started)}`, "faint")],
    ...list,
    countsLine(state),
    keysLine(state),
  ];
}

function chooseRows(state: ApplyViewState): Folded[] {
  const height = listHeight(state.size);
  const total = state.actions.length;
  if (state.top !== undefined) {
    const { top } = state;
    return Array.from({ length: Math.min(height, total - top) }, (_, index) => ({ row: top + index }));
  }
  return fold(total, height, importance(state, height));
}

/** Rows by how much they are worth seeing: what runs, the last failures, what just ended, what is next. */
function* importance(state: ApplyViewState, height: number): Generator<number> {
  yield* state.running;
  yield* state.failed.slice(-Math.ceil(height / 3)).reverse();
  yield* state.recent.slice(0, 3);
  let next = 0;
  for (const [row, { status }] of state.states.entries()) {
    if (status !== "waiting") continue;
    yield row;
    next += 1;
    if (next >= height) break;
  }
  yield* state.recent;
}

function actionLine(state: ApplyViewState, row: number, width: number, now: number): Line {
  const action = state.actions[row];
  const standing = state.states[row];
  if (action === undefined || standing === undefined) return [];
  const name = fit(action.address, width);
  const line = (icon: Span, word: string, time: string, rest: readonly Span[]): Line => [
    icon,
    span(` ${name}`),
    span(`  ${word.padEnd(8)}${time.padStart(6)}  `, "faint"),
    ...rest,
  ];
  if (standing.status === "waiting") return line(span("·", "faint"), "waiting", "", [span(waitText(state, action), "faint")]);
  if (standing.status === "running") {
    const elapsed = now - standing.since;
    const icon = span(spinner[Math.floor(Math.max(0, elapsed) / 100) % spinner.length] ?? "", "note");
    const { progress } = standing;
    const summary = span(action.summary, progress === undefined ? undefined : "faint");
    return line(
      icon,
      "running",
      formatDuration(elapsed),
      progress === undefined ? [summary] : [...progressSpans(progress), span("  "), summary],
    );
  }
  const { outcome } = standing;
  const time = outcome.milliseconds > 0 ? formatDuration(outcome.milliseconds) : "";
  switch (outcome.status) {
    case "done":
      return line(span("✓", "add"), "done", time, [span(action.summary, "faint")]);
    case "failed":
      return line(span("✗", "error"), "failed", time, [
        span(
          outcome.diagnostics
            .map(({ summary }) => summary)
            .join("; ")
            .replace(/\s+/g, " "),
          "remove",
        ),
      ]);
    case "skipped":
      return line(span("-", "warning"), "skipped", time, [span(`${outcome.because ?? "a dependency"} failed`, "faint")]);
    case "cancelled":
      return line(span("-", "warning"), time === "" ? "cancelled" : "stopped", time, [span(action.summary, "faint")]);
  }
}

function progressSpans(progress: { readonly done: number; readonly total?: number | undefined; readonly phase?: string }): Span[] {
  const text = span(progressText(progress));
  if (progress.total === undefined || progress.total <= 0) return [text];
  return [...bar(percent(progress.done, progress.total) / 100, 12), span(" "), text];
}

/** What an action that waits is waiting for: others, or only a free place. */
function waitText(state: ApplyViewState, action: PlannedAction): string {
  const open = action.after.filter((id) => {
    const place = state.places.get(id);
    return place !== undefined && state.states[place]?.status !== "ended";
  });
  const nameOf = (id: string) => {
    const other = state.actions[state.places.get(id) ?? -1];
    return other === undefined ? id : other.address === action.address ? other.summary : other.address;
  };
  const names = [...new Set(open.map(nameOf))];
  const rest = names.length > 2 ? ` and ${names.length - 2} more` : "";
  const when = names.length > 0 ? `after ${names.slice(0, 2).join(", ")}${rest}` : state.stopping > 0 ? "will not start" : "next in turn";
  return `${when} · ${action.summary}`;
}

function foldLine(state: ApplyViewState, { from, to }: { readonly from: number; readonly to: number }): Line {
  const counts = new Map<string, number>();
  for (const standing of state.states.slice(from, to)) {
    const status = standing.status === "ended" ? standing.outcome.status : standing.status;
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [span(`⋮ ${[...counts].map(([status, number]) => `${number} ${status}`).join(", ")}`, "faint")];
}

function countsLine(state: ApplyViewState): Line {
  const { done, failed, skipped, cancelled } = state.counts;
  const total = state.actions.length;
  const waiting = total - done - failed - skipped - cancelled - state.running.length;
  return [
    ...bar(total === 0 ? 1 : done / total, 10),
    span(` ${done} of ${total} done`, "strong"),
    span(` · ${state.running.length} running · ${waiting} waiting`),
    ...(failed > 0 ? [span(` · ${failed} failed`, "error")] : []),
    ...(skipped > 0 ? [span(` · ${skipped} skipped`, "warning")] : []),
    ...(cancelled > 0 ? [span(` · ${cancelled} cancelled`, "warning")] : []),
  ];
}

function keysLine(state: ApplyViewState): Line {
  if (state.stopping === 2) return [span("Aborting now.", "warning")];
  if (state.stopping === 1) return [span("Stopping after running actions finish. Press Ctrl-C again to abort now.", "warning")];
  if (state.top !== undefined) return [span("↑↓ scroll · f follow running actions · Ctrl-C stop after running actions", "faint")];
  return [span("↑↓ scroll · Ctrl-C stop after running actions", "faint")];
}

function bar(share: number, width: number): Span[] {
  const full = Math.floor(share * width);
  return [span("█".repeat(full), "add"), span("░".repeat(width - full), "faint")];
}

/** A name in exactly `width` characters; the end tells objects apart, so the middle goes. */
function fit(text: string, width: number): string {
  if (text.length <= width) return text.padEnd(width);
  const head = Math.floor((width - 1) / 3);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}
