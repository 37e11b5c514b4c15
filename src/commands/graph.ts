import { userError } from "../model/errors.ts";
import { escapeControls } from "../model/escape-controls.ts";
import { isErrored } from "../model/plan.ts";
import { plan } from "../reconcile.ts";
import { actionGraph } from "../report/action-graph.ts";
import { runsOf } from "../runs-of.ts";
import { type CommandDefinition, planOptions } from "./command.ts";
import { openConfigured } from "./open-session.ts";
import { reported } from "./reported.ts";

const { format: _one, report: _none, "max-bytes": _unused, each: _whole, warnings: _said, ...options } = planOptions;

/** `virtform graph`: what an apply would do in which order. */
export const graph: CommandDefinition = {
  summary: "Print the actions of a plan as a graph",
  usage: "[PATH…] [options]",
  description:
    "Plans, and prints the actions as a graph for Graphviz or Mermaid. An arrow leads from an action to one that waits for it; actions that lose data are red.",
  options: { ...options, mermaid: { type: "boolean", help: "Print Mermaid, which Markdown can show, instead of DOT." } },
  examples: [
    ["virtform graph > plan.dot", "Writes the graph for Graphviz; `dot -Tsvg plan.dot` draws it."],
    ["virtform graph --mermaid", "Prints a diagram for Markdown."],
  ],
  run: (invocation, io) =>
    reported(invocation, io, { command: "graph" }, async ({ event }) => {
      await using session = await openConfigured(invocation.positionals, io);
      const [targets, exclude] = [invocation.texts("target"), invocation.texts("exclude")];
      const made = await plan(runsOf(session, { targets, exclude, mode: () => ({ do: "apply" }) }));
      const errors = made.diagnostics.filter(({ severity }) => severity === "error");
      if (errors.length > 0) event({ type: "failed", diagnostics: errors });
      else if (!made.complete) throw userError("unexpected-answer", "The plan is incomplete", "`virtform plan` says why.");
      if (isErrored(made)) return 1;
      const text = actionGraph(made, invocation.flag("mermaid") ? "mermaid" : "dot");
      event({ type: "result", result: { kind: "document", text: escapeControls(text, "\n") } });
      return 0;
    }),
};
