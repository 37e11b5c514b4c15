import type { ActionProgress } from "../../model/action.ts";
import type { PlannedAction } from "../../model/plan.ts";
import type { Pace } from "../pace.ts";
import { percent, progressText } from "../progress-text.ts";
import { formatDuration } from "../quantities.ts";
import { type Line, type Span, span } from "../style.ts";
import { type ApplyViewState, listHeight, rowsOf } from "./apply-view.ts";
import { type Folded, fold } from "./window.ts";

const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** The view of a running apply as lines, never more than the terminal has rows. Pure; the screen cuts long lines. */
export function applyViewLines(state: ApplyViewState, now: number): Line[] {
  const { plan, actions, command } = state;
  const width = Math.min(36, Math.max(10, Math.floor(state.size.columns / 3)), Math.max(...actions.map(({ address }) => address.length)));
  const title = command === "destroy" ? "Destroying" : "Applying";
  const head = [
    span(title, "strong"),
    span(`  project ${plan.project} on ${plan.target.uri}  ${formatDuration(now - state.started)}`, "faint"),
  ];
  if (state.mode === "help") return [head, ...helpLines(state), countsLine(state)];
  const { placeOf } = rowsOf(state);
  const list = chooseRows(state).map((chosen) =>
    "row" in chosen ? actionLine(state, placeOf(chosen.row), width, now) : foldLine(state, chosen),
  );
  return [head, ...(list.length === 0 ? [[span("no action holds this text", "faint")]] : list), countsLine(state), keysLine(state)];
}

function chooseRows(state: ApplyViewState): Folded[] {
  const height = listHeight(state.size);
  const { total } = rowsOf(state);
  if (state.top !== undefined) {
    const { top } = state;
    return Array.from({ length: Math.min(height, total - top) }, (_, index) => ({ row: top + index }));
  }
  if (state.matching === undefined) return fold(total, height, importance(state, height));
  const rows = new Map(state.matching.map((place, row) => [place, row]));
  return fold(total, height, rowsAmong(importance(state, height * 4), rows));
}

/** The rows of those places that have one. */
function* rowsAmong(places: Iterable<number>, rows: ReadonlyMap<number, number>): Generator<number> {
  for (const place of places) {
    const row = rows.get(place);
    if (row !== undefined) yield row;
  }
  yield* rows.values();
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
    const { progress, pace } = standing;
    const summary = span(action.summary, progress === undefined ? undefined : "faint");
    return line(
      icon,
      "running",
      formatDuration(elapsed),
      progress === undefined ? [summary] : [...progressSpans(progress, pace), span("  "), summary],
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

function progressSpans(progress: ActionProgress, pace: Pace | undefined): Span[] {
  const text = span(progressText(progress, pace), progress.retry === undefined ? undefined : "warning");
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
  const { placeOf } = rowsOf(state);
  for (let row = from; row < to; row += 1) {
    const standing = state.states[placeOf(row)];
    if (standing === undefined) continue;
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
  if (state.mode === "filter" || state.filter !== "") {
    const typing = state.mode === "filter";
    const hint = typing ? "  enter keeps it, esc shows all" : "  esc shows all · ? keys";
    return [span("Only actions with: "), span(`${state.filter}${typing ? "▏" : ""}`, "note"), span(hint, "faint")];
  }
  const follow = state.top === undefined ? "" : " · f follow";
  return [span(`↑↓ scroll${follow} · / filter · ? keys · Ctrl-C stop after running actions`, "faint")];
}

function helpLines(state: ApplyViewState): Line[] {
  const keys: readonly (readonly [keys: string, what: string])[] = [
    ["↑ ↓, k j", "one line up or down; page up, page down, home and end as well"],
    ["f", "follow what runs again"],
    ["/", "show only actions that hold a text, such as web-1 or start"],
    ["esc", "follow again, then show all actions again"],
    ["Ctrl-C", "finish running actions and start no others; again: abort"],
  ];
  const lines = [[], ...keys.map(([key, what]): Line => [span(`  ${key.padEnd(10)}`, "strong"), span(what)]), []];
  return [...lines.slice(0, listHeight(state.size)), [span("Any key goes back; the apply goes on.", "faint")]];
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
