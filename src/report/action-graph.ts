import type { Plan, PlannedAction } from "../model/plan.ts";
import { plansOfHosts } from "../model/plan.ts";

/** How a graph is written. */
export type GraphLanguage = "dot" | "mermaid";

/** The actions of a plan and what each waits for, for Graphviz or Mermaid. An arrow leads from an action to one that waits for it. */
export function actionGraph(plan: Plan, language: GraphLanguage): string {
  const actions = plansOfHosts(plan).flatMap(({ host, actions }) =>
    plan.hosts === undefined ? actions : actions.map((one) => onHost(one, host)),
  );
  const ids = new Map(actions.map(({ id }, index) => [id, `a${index}`]));
  const edges = actions.flatMap(({ id, after }) => after.map((before) => [ids.get(before) ?? "", ids.get(id) ?? ""] as const));
  const nodes = actions.map((action) => ({ name: ids.get(action.id) ?? "", action }));
  return language === "dot" ? dot(nodes, edges) : mermaid(nodes, edges);
}

interface Node {
  readonly name: string;
  readonly action: PlannedAction;
}

type Edge = readonly [from: string, to: string];

function onHost(action: PlannedAction, host: string): PlannedAction {
  const named = (id: string) => `${host}/${id}`;
  return { ...action, id: named(action.id), address: `${host}/${action.address}`, after: action.after.map(named) };
}

function dot(nodes: readonly Node[], edges: readonly Edge[]): string {
  const lines = nodes.map(({ name, action }) => {
    const mark = action.destroys === undefined ? "" : ", color=red";
    return `  ${name} [label=${JSON.stringify(`${action.address}\n${action.summary}`)}${mark}];`;
  });
  return [
    "digraph plan {",
    "  rankdir=LR;",
    "  node [shape=box];",
    ...lines,
    ...edges.map(([from, to]) => `  ${from} -> ${to};`),
    "}",
    "",
  ].join("\n");
}

function mermaid(nodes: readonly Node[], edges: readonly Edge[]): string {
  const text = (label: string) => label.replace(/[&"<>#]/g, (character) => `#${character.charCodeAt(0)};`);
  const lines = nodes.map(({ name, action }) => `  ${name}["${text(action.address)}<br>${text(action.summary)}"]`);
  const lost = nodes.filter(({ action }) => action.destroys !== undefined).map(({ name }) => name);
  return [
    "flowchart LR",
    ...lines,
    ...edges.map(([from, to]) => `  ${from} --> ${to}`),
    ...(lost.length === 0 ? [] : ["  classDef lost stroke:#c00", `  class ${lost.join(",")} lost`]),
    "",
  ].join("\n");
}
