import type { ActionProgress } from "../../model/action.ts";
import type { Event } from "../../model/event.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Plan, PlannedAction } from "../../model/plan.ts";
import type { ReporterOptions } from "../options.ts";
import { type Pace, paceAfter } from "../pace.ts";
import { editFilter } from "./edit-filter.ts";
import type { Key } from "./keys.ts";
import type { Size } from "./plan-view.ts";

/** Where one action stands. Times are milliseconds of the clock that the events were reduced with. */
export type ActionState =
  | { readonly status: "waiting" }
  | { readonly status: "running"; readonly since: number; readonly progress?: ActionProgress; readonly pace?: Pace }
  | { readonly status: "ended"; readonly outcome: Outcome };

/** Everything that the view of a running apply depends on. */
export interface ApplyViewState {
  readonly plan: Plan;
  readonly command: ReporterOptions["command"];
  readonly actions: readonly PlannedAction[];
  /** Place of each action by id. */
  readonly places: ReadonlyMap<string, number>;
  /** By place. */
  readonly states: readonly ActionState[];
  readonly running: readonly number[];
  readonly failed: readonly number[];
  /** The last ones that ended well, newest first. */
  readonly recent: readonly number[];
  readonly counts: Readonly<Record<Outcome["status"], number>>;
  readonly started: number;
  /** How often the user has asked to stop: once for "after what runs", twice for "now". */
  readonly stopping: 0 | 1 | 2;
  /** First row shown when the user looks around; undefined while the view follows what runs. */
  readonly top: number | undefined;
  /** Only actions that hold this text are shown; empty for all. */
  readonly filter: string;
  /** Places of the actions that the filter shows; undefined for all. */
  readonly matching: readonly number[] | undefined;
  /** What keys are for now: `filter` takes text. */
  readonly mode: "watch" | "filter" | "help";
  readonly size: Size;
}

/** What can happen to the view, besides what the apply says. */
export type ApplyViewEvent = Event | { readonly type: "key"; readonly key: Key } | { readonly type: "resize"; readonly size: Size };

const waiting: ActionState = { status: "waiting" };
const mostRecent = 64;

/** The view as it opens, from the event that starts an apply. */
export function openApplyView(
  event: Extract<Event, { type: "apply.start" }>,
  command: ReporterOptions["command"],
  size: Size,
  at: number,
): ApplyViewState {
  return {
    plan: event.plan,
    command,
    actions: event.actions,
    places: new Map(event.actions.map(({ id }, place) => [id, place])),
    states: event.actions.map(() => waiting),
    running: [],
    failed: [],
    recent: [],
    counts: { done: 0, failed: 0, skipped: 0, cancelled: 0 },
    started: at,
    stopping: 0,
    top: undefined,
    filter: "",
    matching: undefined,
    mode: "watch",
    size,
  };
}

/** The view after something happened at a time. Pure. */
export function reduceApplyView(state: ApplyViewState, event: ApplyViewEvent, at: number): ApplyViewState {
  switch (event.type) {
    case "action.start": {
      const place = state.places.get(event.id);
      if (place === undefined) return state;
      return { ...state, states: state.states.with(place, { status: "running", since: at }), running: [...state.running, place] };
    }
    case "action.progress": {
      const place = state.places.get(event.id);
      const before = place === undefined ? undefined : state.states[place];
      if (place === undefined || before?.status !== "running") return state;
      return {
        ...state,
        states: state.states.with(place, { ...before, progress: event.progress, pace: paceAfter(before.pace, event.progress, at) }),
      };
    }
    case "action.end":
      return ended(state, event.id, event.outcome);
    case "apply.stopping":
      return { ...state, stopping: state.stopping === 2 ? 2 : 1 };
    case "resize":
      return settle({ ...state, size: event.size });
    case "key":
      return press(state, event.key);
    default:
      return state;
  }
}

function ended(state: ApplyViewState, id: string, outcome: Outcome): ApplyViewState {
  const place = state.places.get(id);
  if (place === undefined) return state;
  const { status } = outcome;
  return {
    ...state,
    states: state.states.with(place, { status: "ended", outcome }),
    running: state.running.filter((other) => other !== place),
    failed: status === "failed" ? [...state.failed, place] : state.failed,
    recent: status === "done" ? [place, ...state.recent].slice(0, mostRecent) : state.recent,
    counts: { ...state.counts, [status]: state.counts[status] + 1 },
  };
}

function press(state: ApplyViewState, key: Key): ApplyViewState {
  if (key.name === "interrupt") return { ...state, stopping: state.stopping === 0 ? 1 : 2 };
  if (state.mode === "help") return { ...state, mode: "watch" };
  return state.mode === "filter" && key.name !== "up" && key.name !== "down" ? typeFilter(state, key) : look(state, key);
}

function typeFilter(state: ApplyViewState, key: Key): ApplyViewState {
  const edit = editFilter(state.filter, key);
  if (edit === undefined) return state;
  const next: ApplyViewState = edit.typing ? state : { ...state, mode: "watch" };
  return edit.filter === undefined ? next : filtered(next, edit.filter);
}

function filtered(state: ApplyViewState, filter: string): ApplyViewState {
  const wanted = filter.toLowerCase();
  const matching = state.actions.flatMap(({ address, summary }, place) =>
    `${address} ${summary}`.toLowerCase().includes(wanted) ? [place] : [],
  );
  return { ...state, filter, matching: filter === "" ? undefined : matching, top: undefined };
}

function look(state: ApplyViewState, key: Key): ApplyViewState {
  const page = Math.max(1, listHeight(state.size) - 1);
  const by = (rows: number) => settle({ ...state, top: (state.top ?? firstOfInterest(state)) + rows });
  switch (key.name === "text" ? key.text : key.name) {
    case "/":
      return { ...state, mode: "filter" };
    case "?":
      return { ...state, mode: "help" };
    case "up":
    case "k":
      return by(-1);
    case "down":
    case "j":
      return by(1);
    case "page-up":
      return by(-page);
    case "page-down":
    case " ":
      return by(page);
    case "home":
    case "g":
      return settle({ ...state, top: 0 });
    case "end":
    case "G":
      return settle({ ...state, top: rowsOf(state).total });
    case "f":
      return { ...state, top: undefined };
    case "escape":
      return state.top === undefined ? filtered(state, "") : { ...state, top: undefined };
    default:
      return state;
  }
}

/** Where looking around begins: at the first action that runs. */
function firstOfInterest(state: ApplyViewState): number {
  const { matching } = state;
  const running = matching === undefined ? state.running : state.running.map((place) => matching.indexOf(place)).filter((row) => row >= 0);
  return Math.max(0, Math.min(rowsOf(state).total, ...running) - 2);
}

/** The rows that the view has: every action, or those that the filter shows. `placeOf` gives the place of the action in a row. */
export function rowsOf({ actions, matching }: Pick<ApplyViewState, "actions" | "matching">): {
  readonly total: number;
  readonly placeOf: (row: number) => number;
} {
  return matching === undefined
    ? { total: actions.length, placeOf: (row) => row }
    : { total: matching.length, placeOf: (row) => matching[row] ?? -1 };
}

function settle(state: ApplyViewState): ApplyViewState {
  if (state.top === undefined) return state;
  const last = Math.max(0, rowsOf(state).total - listHeight(state.size));
  return { ...state, top: Math.max(0, Math.min(state.top, last)) };
}

/** Lines for the actions: all but the title, the counts and the keys, and the last line, which stays empty. */
export function listHeight(size: Size): number {
  return Math.max(1, size.rows - 4);
}
