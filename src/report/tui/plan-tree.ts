import { type Address, addressHost, addressKind } from "../../model/address.ts";
import type { Change, Verb } from "../../model/change.ts";
import { countChanges, type Plan } from "../../model/plan.ts";
import { instanceOf, presentationOf } from "../../model/presentation.ts";
import { type AlikeChanges, groupDetails, groupReason, groupsOf, likeness } from "../alike.ts";
import { earlierName, effectOf } from "../describe-change.ts";
import { nameRanges } from "../name-ranges.ts";
import { pendingLines } from "../pending-line.ts";
import { planImpact } from "../plan-impact.ts";
import { count } from "../quantities.ts";
import { shownFields } from "../shown-fields.ts";
import { breakLine, type Line, lengthOf, type Span, span, textOf } from "../style.ts";
import { formatValue, isLong } from "../value.ts";
import { effects, effectTones, verbs } from "../words.ts";

/** One node of the plan as a tree. */
export interface Node {
  /** Unique in the tree, and the same as long as the plan is. */
  readonly key: string;
  readonly line: Line;
  /** It holds something else than objects that are created. */
  readonly notable: boolean;
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
 * The plan as a tree: what is lost and interrupted first, then what instances share, such as images, then each instance with its parts; many
 * instances that are alike are one node, unless `each`. Details are broken at the width of the terminal, so that nothing of them is out of sight.
 */
export function buildTree(plan: Plan, columns: number, each = false): Node[] {
  const shared = new Map<string, Change[]>();
  const instances = new Map<string, Change[]>();
  for (const change of plan.changes) {
    const [groups, name] = groupOf(change.address, shared, instances);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [change]);
    else group.push(change);
  }
  return [
    ...impactNodes(plan),
    ...[...shared].map(([name, changes]) => groupNode(name, changes, columns)),
    ...instanceNodes([...instances], columns, each),
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
  const notable = nodes.filter((node) => node.notable);
  return new Set((notable.length <= 4 ? notable : []).map(({ key }) => key));
}

/**
 * The part of the tree whose lines hold a text, whatever its case, with what stands above and below them; `open` are the keys of the nodes that
 * hold it further down. An empty text keeps everything.
 */
export function filterTree(nodes: readonly Node[], text: string): { readonly nodes: readonly Node[]; readonly open: ReadonlySet<string> } {
  const wanted = text.toLowerCase();
  const open = new Set<string>();
  const filtered = (all: readonly Node[]): Node[] =>
    all.flatMap((node) => {
      const children = filtered(node.children());
      if (children.length > 0) open.add(node.key);
      if (textOf(node.line).toLowerCase().includes(wanted)) return [node];
      return children.length === 0 ? [] : [{ ...node, children: () => children }];
    });
  return wanted === "" ? { nodes, open } : { nodes: filtered(nodes), open };
}

function groupOf(address: Address, shared: Map<string, Change[]>, instances: Map<string, Change[]>) {
  const instance = instanceOf(address);
  const host = addressHost(address);
  const named = (name: string) => (host === undefined ? name : `${host}/${name}`);
  return instance === undefined ? ([shared, named(`${addressKind(address)}s`)] as const) : ([instances, named(instance)] as const);
}

/** What is lost, and which guests are interrupted. */
function impactNodes(plan: Plan): Node[] {
  const { destroys, restarted, stopped } = planImpact(plan);
  const list = (key: string, title: Line, entries: readonly string[], tone: "remove" | "replace"): Node[] => {
    const children = entries.map((what, index) => leaf(`${key}:${index}`, [span("- ", tone), span(what)]));
    return entries.length === 0 ? [] : [{ key, line: title, notable: true, children: () => children }];
  };
  return [
    ...list("lost", [span(`Data that will be permanently deleted: ${count(destroys.length, "object")}`, "remove")], destroys, "remove"),
    ...list("restarted", [span(`Guests that are restarted: ${restarted.length}`, "replace")], restarted, "replace"),
    ...list("stopped", [span(`Guests that are stopped: ${stopped.length}`, "replace")], stopped, "replace"),
  ];
}

/** Which guests wait for a restart, on one line where there is room for it. */
function pendingNode(line: Line, columns: number): Node {
  const [first = [], ...rest] = breakLine(line, columns - headerMargin);
  const children = rest.map((part, index) => leaf(`pending:${index}`, part));
  return { key: "pending", line: first, notable: false, children: () => children };
}

type Group = readonly [name: string, changes: readonly Change[]];

/** A node for each instance; many whose changes are alike one by one share a node. */
function instanceNodes(instances: readonly Group[], columns: number, each: boolean): Node[] {
  const keyOf = ([, changes]: Group) => changes.map(likeness).join(" ");
  const groups = each ? instances.map((one) => [one]) : groupsOf(instances, keyOf);
  return groups.flatMap((group) => {
    const [first, ...others] = group;
    if (first === undefined) return [];
    return others.length === 0 ? [groupNode(...first, columns)] : [alikeNode(group, first, columns)];
  });
}

function alikeNode(group: readonly Group[], [name, changes]: Group, columns: number): Node {
  const key = `alike:${name}`;
  const all = group.flatMap(([, own]) => own);
  let nodes: readonly Node[] | undefined;
  const children = () => {
    nodes ??= [
      ...changes.map((_, place) => changeNode(group.map(([, own]) => own[place] as Change) as unknown as AlikeChanges, columns, key)),
      eachNode(key, group, columns),
    ];
    return nodes;
  };
  const names = nameRanges(group.map(([one]) => one)).join(", ");
  return { key, line: [span(names, "strong"), span(` (${group.length} alike)`), ...counts(all)], notable: isNotable(all), children };
}

/** The instances of a node by themselves. */
function eachNode(key: string, group: readonly Group[], columns: number): Node {
  let nodes: readonly Node[] | undefined;
  const children = () => {
    nodes ??= group.map(([name, changes]) => groupNode(name, changes, columns));
    return nodes;
  };
  return { key: `${key}:each`, line: [span(`each of the ${group.length}`, "faint")], notable: false, children };
}

function groupNode(name: string, changes: readonly Change[], columns: number): Node {
  let nodes: readonly Node[] | undefined;
  const children = () => {
    nodes ??= changes.map((change) => changeNode([change], columns, ""));
    return nodes;
  };
  return { key: `group:${name}`, line: [span(name, "strong"), ...counts(changes)], notable: isNotable(changes), children };
}

function counts(changes: readonly Change[]): Span[] {
  const { add, change, destroy } = countChanges(changes);
  return [
    ...(add > 0 ? [span(`  +${add}`, "add")] : []),
    ...(change > 0 ? [span(`  ~${change}`, "change")] : []),
    ...(destroy > 0 ? [span(`  -${destroy}`, "remove")] : []),
  ];
}

function isNotable(changes: readonly Change[]): boolean {
  return changes.some(({ verb }) => verb !== "create");
}

/** Changes that are alike as one node; `under`: the key of the node that shows them as one. */
function changeNode(group: AlikeChanges, columns: number, under: string): Node {
  const [change] = group;
  const { symbol, tone, phrase } = verbs[change.verb];
  const effect = effectOf(change);
  const plain: readonly Verb[] = ["create", "delete"];
  const addresses = group.length === 1 ? change.address : nameRanges(group.map(({ address }) => address)).join(", ");
  const reason = groupReason(group).slice(phrase.length + 2);
  const line: Span[] = [
    span(`${symbol} `, tone),
    span(addresses),
    ...(group.length === 1 ? earlierName(change) : []),
    ...(plain.includes(change.verb) || effect === "none" ? [] : [span(`  ${effects[effect]}`, effectTones[effect])]),
    ...(plain.includes(change.verb) ? headline(group) : []),
    span(`  ${reason}`, "faint"),
  ];
  let details: readonly Node[] | undefined;
  const key = `${under}change:${change.address}`;
  const children = () => {
    details ??= detailLines(group, lengthOf(line) > columns - headerMargin ? reason : undefined)
      .flatMap((detail) => breakLine(detail, columns - detailMargin))
      .map((detail, index) => leaf(`${key}:${index}`, detail));
    return details;
  };
  return { key, line, notable: isNotable(group), children };
}

/** The first values of an object that is created or deleted; nothing where those of a group differ. */
function headline(group: AlikeChanges): Span[] {
  const [first, ...others] = group.map((change) => {
    const { sizes = new Set<string>() } = presentationOf(addressKind(change.address));
    const fields = shownFields(change).fields.slice(0, headlineFields);
    const values = fields.map(({ path, old, new: wanted }) =>
      isLong(wanted ?? old) ? path : `${path} ${formatValue(path, wanted ?? old, sizes)}`,
    );
    return values.join(", ");
  });
  return first === undefined || first === "" || others.some((other) => other !== first) ? [] : [span(`  ${first}`)];
}

/** Values behind the address of an object. */
const headlineFields = 3;

/** The reason stands among the details where the line above has no room for it. */
function detailLines(group: AlikeChanges, reason: string | undefined): Line[] {
  const details = groupDetails(group);
  return reason === undefined ? details : [[span("Why:      ", "faint"), span(reason)], ...details];
}

function leaf(key: string, line: Line): Node {
  return { key, line, notable: false, children: () => [] };
}
