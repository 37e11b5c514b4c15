import type { Plan } from "../../model/plan.ts";
import type { ReporterOptions } from "../options.ts";
import { planClosing } from "../plan-text.ts";
import { count } from "../quantities.ts";
import { type Line, span } from "../style.ts";
import { variableValue } from "../variable-value.ts";
import type { Key } from "./keys.ts";
import { allKeys, buildTree, firstOpen, flatten, type Node, type TreeRow } from "./plan-tree.ts";
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
  readonly destroys: number;
  readonly tree: readonly Node[];
  readonly open: ReadonlySet<string>;
  /** What the tree shows now. */
  readonly rows: readonly TreeRow[];
  readonly cursor: number;
  readonly top: number;
  readonly size: Size;
  /** What has been typed of the word that is asked for; undefined while nothing has. */
  readonly typed: string | undefined;
  readonly message: string | undefined;
  readonly answer: boolean | undefined;
}

/** What can happen to the view. */
export type PlanViewEvent = { readonly type: "key"; readonly key: Key } | { readonly type: "resize"; readonly size: Size };

/** The view as it opens. `destroys` is how many losses consent is asked for. */
export function openPlanView(plan: Plan, command: ReporterOptions["command"], destroys: number, size: Size): PlanViewState {
  const tree = buildTree(plan, size.columns);
  const open = firstOpen(plan, tree);
  const rows = flatten(tree, open);
  return { plan, command, destroys, tree, open, rows, cursor: 0, top: 0, size, typed: undefined, message: undefined, answer: undefined };
}

/** The view after something happened. Pure. */
export function reducePlanView(state: PlanViewState, event: PlanViewEvent): PlanViewState {
  if (state.answer !== undefined) return state;
  if (event.type === "resize") return reopen({ ...state, size: event.size, tree: buildTree(state.plan, event.size.columns) }, state.open);
  const { key } = event;
  if (key.name === "interrupt") return { ...state, answer: false };
  return state.typed === undefined ? browse({ ...state, message: undefined }, key) : type(state, state.typed, key);
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
    case "y":
      return state.destroys > 0 ? { ...state, typed: "y" } : { ...state, answer: true };
    case "n":
    case "q":
    case "escape":
      return { ...state, answer: false };
    default:
      return state;
  }
}

function type(state: PlanViewState, typed: string, key: Key): PlanViewState {
  switch (key.name) {
    case "text":
      return { ...state, typed: (typed + key.text).slice(0, 20) };
    case "backspace":
      return typed.length > 1 ? { ...state, typed: typed.slice(0, -1) } : { ...state, typed: undefined };
    case "escape":
      return { ...state, typed: undefined };
    case "enter":
      if (typed.trim() === "yes") return { ...state, answer: true };
      return { ...state, typed: undefined, message: `"${typed}" is not "yes": nothing has been done.` };
    default:
      return state;
  }
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

/** Lines around the tree: the title, the variables, what the plan comes to, what is lost, the question, the keys. */
function treeHeight({ size, destroys, plan }: Pick<PlanViewState, "size" | "destroys" | "plan">): number {
  // The last line of the terminal stays empty, else everything scrolls by one.
  return Math.max(1, size.rows - 1 - 4 - (destroys > 0 ? 1 : 0) - (plan.variables === undefined ? 0 : 1));
}

/** The values that the plan was made with, in one line. */
function variablesLine({ variables }: Plan): Line[] {
  if (variables === undefined) return [];
  const values = variables.map((variable) => `${variable.name} = ${variableValue(variable)}`);
  return [[span("Variables: "), span(values.join(" · "), "faint")]];
}

/** The view as lines, never more than the terminal has rows. Pure; the screen cuts long lines. */
export function planViewLines(state: PlanViewState): Line[] {
  const { plan, rows, cursor, command, destroys } = state;
  const shown = windowAround(rows.length, treeHeight(state), cursor, state.top);
  const tree = rows.slice(shown.start, shown.end).map((row, index) => treeLine(row, shown.start + index === cursor));
  const hidden = rows.length - tree.length;
  const [closing = []] = planClosing(plan, command);
  return [
    [span(`virtform ${command}`, "strong"), span(`  project ${plan.project} on ${plan.target.uri}`, "faint")],
    ...variablesLine(plan),
    ...tree,
    [...closing, ...(hidden > 0 ? [span(`  (lines ${shown.start + 1}-${shown.end} of ${rows.length})`, "faint")] : [])],
    ...(destroys > 0 ? [[span(`The data of ${count(destroys, "object")} will be permanently deleted.`, "remove")]] : []),
    question(state),
    [span("↑↓ move · enter open or close · e everything · n or Ctrl-C do nothing", "faint")],
  ];
}

const markers = { open: "▾ ", closed: "▸ ", leaf: "  " } as const;

function treeLine(row: TreeRow, current: boolean): Line {
  return [current ? span("❯ ", "note") : span("  "), span(`${"  ".repeat(row.depth)}${markers[row.state]}`), ...row.line];
}

function question(state: PlanViewState): Line {
  const verb = state.command === "destroy" ? "Destroy all of this?" : "Apply these changes?";
  if (state.message !== undefined) return [span(`${state.message} `, "warning"), span(verb, "strong")];
  if (state.typed !== undefined)
    return [span(verb, "strong"), span(` Type yes and press enter: ${state.typed}▏`), span("  esc goes back", "faint")];
  return [span(verb, "strong"), span(state.destroys > 0 ? ' Type "yes" and enter, or n' : " y or n")];
}
