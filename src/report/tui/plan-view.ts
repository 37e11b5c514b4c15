import type { Address } from "../../model/address.ts";
import type { Plan } from "../../model/plan.ts";
import { nameRanges } from "../name-ranges.ts";
import type { ReporterOptions } from "../options.ts";
import { planImpact } from "../plan-impact.ts";
import { planClosing } from "../plan-text.ts";
import { count } from "../quantities.ts";
import { type Line, span } from "../style.ts";
import { variableValue } from "../variable-value.ts";
import { editFilter } from "./edit-filter.ts";
import type { Key } from "./keys.ts";
import { allKeys, buildTree, filterTree, firstOpen, flatten, type Node, type TreeRow } from "./plan-tree.ts";
import { windowAround } from "./window.ts";

/** Size of the terminal in characters. */
export interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** Everything that the view of a plan and its question depend on. */
export interface PlanViewState {
  readonly plan: Plan;
  readonly command: ReporterOptions["command"];
  /** `ask`: the plan is to be agreed to; `browse`: it is only looked at. */
  readonly purpose: "ask" | "browse";
  readonly destroys: number;
  /** What the plan costs, a line each. */
  readonly impact: readonly Line[];
  /** Many objects that are alike stand one by one. */
  readonly each: boolean;
  /** The whole plan. */
  readonly whole: readonly Node[];
  /** What of it holds the text of the filter. */
  readonly tree: readonly Node[];
  readonly filter: string;
  readonly open: ReadonlySet<string>;
  /** What the tree shows now. */
  readonly rows: readonly TreeRow[];
  readonly cursor: number;
  readonly top: number;
  readonly size: Size;
  /** What keys are for now: `filter` and `consent` take text. */
  readonly mode: "browse" | "filter" | "consent" | "help";
  /** What has been typed of the word that is asked for. */
  readonly typed: string;
  readonly message: string | undefined;
  /** Set when the view is over. */
  readonly answer: boolean | undefined;
}

/** What can happen to the view. */
export type PlanViewEvent = { readonly type: "key"; readonly key: Key } | { readonly type: "resize"; readonly size: Size };

/** How the view opens. */
export interface PlanViewOptions {
  readonly command: ReporterOptions["command"];
  /** How many losses consent is asked for. */
  readonly destroys: number;
  readonly size: Size;
  /** Default: the plan is to be agreed to. */
  readonly purpose?: PlanViewState["purpose"];
  readonly each?: boolean;
}

/** The view as it opens. */
export function openPlanView(plan: Plan, { command, destroys, size, purpose = "ask", each = false }: PlanViewOptions): PlanViewState {
  const whole = buildTree(plan, size.columns, each);
  const open = firstOpen(plan, whole);
  const rows = flatten(whole, open);
  const [impact, start] = [impactLines(plan), { filter: "", cursor: 0, top: 0, typed: "", message: undefined, answer: undefined }];
  return { plan, command, purpose, destroys, impact, each, whole, tree: whole, open, rows, size, mode: "browse", ...start };
}

/** The view after something happened. Pure. */
export function reducePlanView(state: PlanViewState, event: PlanViewEvent): PlanViewState {
  if (state.answer !== undefined) return state;
  if (event.type === "resize") {
    const whole = buildTree(state.plan, event.size.columns, state.each);
    return reopen({ ...state, size: event.size, whole, tree: filterTree(whole, state.filter).nodes }, state.open);
  }
  const { key } = event;
  if (key.name === "interrupt") return { ...state, answer: false };
  switch (state.mode) {
    case "browse":
      return browse({ ...state, message: undefined }, key);
    case "filter":
      return typeFilter(state, key);
    case "consent":
      return typeConsent(state, key);
    case "help":
      return settle({ ...state, mode: "browse" });
  }
}

function browse(state: PlanViewState, key: Key): PlanViewState {
  const page = Math.max(1, treeHeight(state) - 1);
  const to = (cursor: number) => settle({ ...state, cursor });
  switch (key.name === "text" ? key.text : key.name) {
    case "up":
    case "k":
      return to(state.cursor - 1);
    case "down":
    case "j":
      return to(state.cursor + 1);
    case "page-up":
      return to(state.cursor - page);
    case "page-down":
      return to(state.cursor + page);
    case "home":
    case "g":
      return to(0);
    case "end":
    case "G":
      return to(state.rows.length - 1);
    case "enter":
    case " ":
      return toggle(state);
    case "right":
    case "l":
      return state.rows[state.cursor]?.state === "closed" ? toggle(state) : state;
    case "left":
    case "h":
      return state.rows[state.cursor]?.state === "open" ? toggle(state) : to(parentOf(state));
    case "e":
      return reopen(state, new Set(state.open.size > 0 && everythingOpen(state) ? [] : allKeys(state.tree)));
    case "/":
      return settle({ ...state, mode: "filter" });
    case "?":
      return { ...state, mode: "help" };
    case "y":
      if (state.purpose === "browse") return state;
      return state.destroys > 0 ? { ...state, mode: "consent", typed: "y" } : { ...state, answer: true };
    case "escape":
      // It leaves the filter first.
      return state.filter === "" ? { ...state, answer: false } : filtered(state, "");
    case "n":
      return state.purpose === "browse" ? state : { ...state, answer: false };
    case "q":
      return { ...state, answer: false };
    default:
      return state;
  }
}

function typeConsent(state: PlanViewState, key: Key): PlanViewState {
  const { typed } = state;
  const back = (message?: string): PlanViewState => ({ ...state, mode: "browse", typed: "", message });
  switch (key.name) {
    case "text":
      return { ...state, typed: (typed + key.text).slice(0, 20) };
    case "backspace":
      return typed.length > 1 ? { ...state, typed: typed.slice(0, -1) } : back();
    case "escape":
      return back();
    case "enter":
      return typed.trim() === "yes" ? { ...state, answer: true } : back(`"${typed}" is not "yes": nothing has been done.`);
    default:
      return state;
  }
}

function typeFilter(state: PlanViewState, key: Key): PlanViewState {
  if (key.name === "up" || key.name === "down" || key.name === "page-up" || key.name === "page-down") return browse(state, key);
  const edit = editFilter(state.filter, key);
  if (edit === undefined) return state;
  const next: PlanViewState = edit.typing ? state : { ...state, mode: "browse" };
  return edit.filter === undefined ? settle(next) : filtered(next, edit.filter);
}

/** Shows what holds the text, opened as far down as it is. */
function filtered(state: PlanViewState, filter: string): PlanViewState {
  const { nodes, open } = filterTree(state.whole, filter);
  const shown = filter === "" ? firstOpen(state.plan, state.whole) : open;
  return settle({ ...state, filter, tree: nodes, open: shown, rows: flatten(nodes, shown), cursor: 0, top: 0 });
}

function toggle(state: PlanViewState): PlanViewState {
  const row = state.rows[state.cursor];
  if (row === undefined || row.state === "leaf") return state;
  const open = new Set(state.open);
  if (!open.delete(row.key)) open.add(row.key);
  return reopen(state, open);
}

/** Keeps the cursor on its row, or on the nearest row around it that is still shown. */
function reopen(state: PlanViewState, open: ReadonlySet<string>): PlanViewState {
  const rows = flatten(state.tree, open);
  const places = new Map(rows.map(({ key }, index) => [key, index]));
  let cursor = 0;
  for (let index = state.cursor; index >= 0; index -= 1) {
    const place = places.get(state.rows[index]?.key ?? "");
    if (place === undefined) continue;
    cursor = place;
    break;
  }
  return settle({ ...state, open, rows, cursor });
}

function everythingOpen(state: PlanViewState): boolean {
  return state.rows.every((row) => row.state !== "closed");
}

function parentOf({ rows, cursor }: PlanViewState): number {
  const depth = rows[cursor]?.depth ?? 0;
  for (let index = cursor - 1; index >= 0; index -= 1) if ((rows[index]?.depth ?? 0) < depth) return index;
  return cursor;
}

function settle(state: PlanViewState): PlanViewState {
  const cursor = Math.max(0, Math.min(state.cursor, state.rows.length - 1));
  return { ...state, cursor, top: windowAround(state.rows.length, treeHeight(state), cursor, state.top).start };
}

/** Lines around the tree: the title, the variables, what the plan comes to, what it costs, the filter, the question, the keys. */
function treeHeight(state: PlanViewState): number {
  const around = [state.plan.variables !== undefined, state.filter !== "" || state.mode === "filter", state.purpose === "ask"];
  // The last line of the terminal stays empty, else everything scrolls by one.
  return Math.max(1, state.size.rows - 1 - 3 - state.impact.length - around.filter((shown) => shown).length);
}

/** The values that the plan was made with, in one line. */
function variablesLine({ variables }: Plan): Line[] {
  if (variables === undefined) return [];
  const values = variables.map((variable) => `${variable.name} = ${variableValue(variable)}`);
  return [[span("Variables: "), span(values.join(" · "), "faint")]];
}

/** What the plan costs, in sight whatever of the tree is: data, and guests that are interrupted. */
function impactLines(plan: Plan): Line[] {
  const { destroys, restarted, stopped } = planImpact(plan);
  const interrupted = (addresses: readonly Address[], verb: string): Line[] =>
    addresses.length === 0
      ? []
      : [
          [
            span(`${count(addresses.length, "guest")} ${addresses.length === 1 ? "is" : "are"} ${verb}: `, "replace"),
            span(nameRanges(addresses).join(", ")),
          ],
        ];
  return [
    ...(destroys.length > 0 ? [[span(`The data of ${count(destroys.length, "object")} will be permanently deleted.`, "remove")]] : []),
    ...interrupted(restarted, "restarted"),
    ...interrupted(stopped, "stopped"),
  ];
}

/** The view as lines, never more than the terminal has rows. Pure; the screen cuts long lines. */
export function planViewLines(state: PlanViewState): Line[] {
  const { plan, rows, cursor, command, impact } = state;
  const title = [span(`virtform ${command}`, "strong"), span(`  project ${plan.project} on ${plan.target.uri}`, "faint")];
  if (state.mode === "help") return [title, ...helpLines(state)].slice(0, Math.max(1, state.size.rows - 1));
  const shown = windowAround(rows.length, treeHeight(state), cursor, state.top);
  const tree = rows.slice(shown.start, shown.end).map((row, index) => treeLine(row, shown.start + index === cursor));
  const hidden = rows.length - tree.length;
  const [closing = []] = planClosing(plan, command);
  return [
    title,
    ...variablesLine(plan),
    ...tree,
    ...filterLine(state),
    [...closing, ...(hidden > 0 ? [span(`  (lines ${shown.start + 1}-${shown.end} of ${rows.length})`, "faint")] : [])],
    ...impact,
    ...(state.purpose === "ask" ? [question(state)] : []),
    keysLine(state),
  ];
}

function filterLine({ filter, mode, rows }: PlanViewState): Line[] {
  if (filter === "" && mode !== "filter") return [];
  const typing = mode === "filter";
  const hint = typing ? "  enter keeps it, esc shows everything" : "  esc shows everything";
  return [
    [
      span("Only lines with: "),
      span(`${filter}${typing ? "▏" : ""}`, "note"),
      span(`${rows.length === 0 ? "  none" : ""}${hint}`, "faint"),
    ],
  ];
}

function keysLine({ purpose }: PlanViewState): Line {
  const end = purpose === "ask" ? "n or Ctrl-C do nothing" : "q ends";
  return [span(`↑↓ move · enter open · e all · / filter · ? keys · ${end}`, "faint")];
}

function helpLines({ purpose, destroys }: PlanViewState): Line[] {
  const keys: readonly (readonly [keys: string, what: string])[] = [
    ["↑ ↓, k j", "one line up or down"],
    ["page up, page down", "one page up or down"],
    ["g G, home end", "to the beginning, to the end"],
    ["enter, blank", "open or close the line"],
    ["→ ←, l h", "open; close, or go to the line above that it belongs to"],
    ["e", "open everything, or close everything"],
    ["/", "show only lines with a text, such as web-1 or memory"],
    ...(purpose === "ask"
      ? ([
          ["y", destroys > 0 ? "agree: type yes and press enter" : "agree"],
          ["n, q, esc, Ctrl-C", "do nothing"],
        ] as const)
      : ([["q, esc, Ctrl-C", "end"]] as const)),
  ];
  return [
    [],
    ...keys.map(([key, what]): Line => [span(`  ${key.padEnd(20)}`, "strong"), span(what)]),
    [],
    [span("Any key goes back.", "faint")],
  ];
}

const markers = { open: "▾ ", closed: "▸ ", leaf: "  " } as const;

function treeLine(row: TreeRow, current: boolean): Line {
  return [current ? span("❯ ", "note") : span("  "), span(`${"  ".repeat(row.depth)}${markers[row.state]}`), ...row.line];
}

function question(state: PlanViewState): Line {
  const verb = state.command === "destroy" ? "Destroy all of this?" : "Apply these changes?";
  if (state.message !== undefined) return [span(`${state.message} `, "warning"), span(verb, "strong")];
  if (state.mode === "consent")
    return [span(verb, "strong"), span(` Type yes and press enter: ${state.typed}▏`), span("  esc goes back", "faint")];
  return [span(verb, "strong"), span(state.destroys > 0 ? ' Type "yes" and enter, or n' : " y or n")];
}
