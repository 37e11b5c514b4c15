import { type Address, addressHost, addressKind } from "../../model/address.ts";
import type { Change, Verb } from "../../model/change.ts";
import { countChanges, type Plan } from "../../model/plan.ts";
import { instanceOf } from "../../model/presentation.ts";
import { causeNote, changeDetails, earlierName, effectOf } from "../describe-change.ts";
import { pendingLines } from "../pending-line.ts";
import { count } from "../quantities.ts";
import { breakLine, type Line, lengthOf, type Span, span } from "../style.ts";
import { effects, effectTones, verbs } from "../words.ts";

/** One node of the plan as a tree. */
export interface Node {
  /** Unique in the tree, and the same as long as the plan is. */
  readonly key: string;
  readonly line: Line;
  /** Made when first asked for: most of a large plan is never opened. */
  readonly children: () => readonly Node[];
}

/** One line of the tree as it is shown. */
export interface TreeRow {
  readonly key: string;
  readonly depth: number;
  readonly line: Line;
  readonly state: "leaf" | "open" | "closed";
}

/** What stands to the left of a change and of its details: cursor, indentation, marker. */
const headerMargin = 6;
const detailMargin = 8;

/**
 * The plan as a tree: what is lost first, then what instances share, such as images, then each instance with its parts.
 * Details are broken at the width of the terminal, so that nothing of them is out of sight.
 */
export function buildTree(plan: Plan, columns: number): Node[] {
  const shared = new Map<string, Change[]>();
  const instances = new Map<string, Change[]>();
  for (const change of plan.changes) {
    const [groups, name] = groupOf(change.address, shared, instances);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [change]);
    else group.push(change);
  }
  const destroys = plan.actions.flatMap(({ destroys }) => destroys ?? []);
  return [
    ...(destroys.length === 0 ? [] : [lossNode(destroys)]),
    ...[...shared].map(([name, changes]) => groupNode(name, changes, columns)),
    ...[...instances].map(([name, changes]) => groupNode(name, changes, columns)),
    ...pendingLines(plan.pending).map((line) => pendingNode(line, columns)),
  ];
}

/** The rows of the tree with everything hidden that stands under a closed node. */
export function flatten(nodes: readonly Node[], open: ReadonlySet<string>, depth = 0): TreeRow[] {
  const rows: TreeRow[] = [];
  for (const node of nodes) {
    const children = node.children();
    const state = children.length === 0 ? "leaf" : open.has(node.key) ? "open" : "closed";
    rows.push({ key: node.key, depth, line: node.line, state });
    if (state === "open") for (const row of flatten(children, open, depth + 1)) rows.push(row);
  }
  return rows;
}

/** Keys of everything that can be opened, details included. */
export function allKeys(nodes: readonly Node[]): string[] {
  return nodes.flatMap((node) => {
    const children = node.children();
    return children.length === 0 ? [] : [node.key, ...allKeys(children)];
  });
}

/** What is open at first: a small plan down to its objects; of a large one what is more than plain creation. */
export function firstOpen(plan: Plan, nodes: readonly Node[]): Set<string> {
  if (plan.changes.length <= 12) return new Set(nodes.map(({ key }) => key));
  const worthALook = new Set(plan.changes.filter(({ verb }) => verb !== "create").map(({ address }) => groupKey(address)));
  return new Set(nodes.filter(({ key }) => worthALook.size <= 4 && worthALook.has(key)).map(({ key }) => key));
}

function groupOf(address: Address, shared: Map<string, Change[]>, instances: Map<string, Change[]>) {
  const instance = instanceOf(address);
  const host = addressHost(address);
  const named = (name: string) => (host === undefined ? name : `${host}/${name}`);
  return instance === undefined ? ([shared, named(`${addressKind(address)}s`)] as const) : ([instances, named(instance)] as const);
}

function groupKey(address: Address): string {
  return `group:${groupOf(address, new Map(), new Map())[1]}`;
}

function lossNode(destroys: readonly string[]): Node {
  const children = destroys.map((what, index) => leaf(`lost:${index}`, [span("- ", "remove"), span(what)]));
  const line = [span(`Data that will be permanently deleted: ${count(destroys.length, "object")}`, "remove")];
  return { key: "lost", line, children: () => children };
}

/** Which guests wait for a restart, on one line where there is room for it. */
function pendingNode(line: Line, columns: number): Node {
  const [first = [], ...rest] = breakLine(line, columns - headerMargin);
  const children = rest.map((part, index) => leaf(`pending:${index}`, part));
  return { key: "pending", line: first, children: () => children };
}

function groupNode(name: string, changes: readonly Change[], columns: number): Node {
  const { add, change, destroy } = countChanges(changes);
  const parts: Span[] = [
    ...(add > 0 ? [span(`  +${add}`, "add")] : []),
    ...(change > 0 ? [span(`  ~${change}`, "change")] : []),
    ...(destroy > 0 ? [span(`  -${destroy}`, "remove")] : []),
  ];
  const children = changes.map((change) => changeNode(change, columns));
  return { key: `group:${name}`, line: [span(name, "strong"), ...parts], children: () => children };
}

function changeNode(change: Change, columns: number): Node {
  const { symbol, tone } = verbs[change.verb];
  const effect = effectOf(change);
  const plain: readonly Verb[] = ["create", "delete"];
  const cause = causeNote(change);
  const line: Span[] = [
    span(`${symbol} `, tone),
    span(change.address),
    ...earlierName(change),
    ...(plain.includes(change.verb) ? [] : [span(`  ${effects[effect]}`, effectTones[effect])]),
    span(`  ${change.reason}`, "faint"),
    span(cause, "faint"),
  ];
  let details: readonly Node[] | undefined;
  const children = () => {
    details ??= detailLines(change, lengthOf(line) > columns - headerMargin ? `${change.reason}${cause}` : undefined)
      .flatMap((detail) => breakLine(detail, columns - detailMargin))
      .map((detail, index) => leaf(`${change.address}:${index}`, detail));
    return details;
  };
  return { key: `change:${change.address}`, line, children };
}

/** The reason stands among the details where the line above has no room for it. */
function detailLines(change: Change, reason: string | undefined): Line[] {
  const details = changeDetails(change);
  return reason === undefined ? details : [[span("Why:      ", "faint"), span(reason)], ...details];
}

function leaf(key: string, line: Line): Node {
  return { key, line, children: () => [] };
}
