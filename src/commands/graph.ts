import { userError } from "../model/errors.ts";
import { escapeControls } from "../model/escape-controls.ts";
import { isErrored } from "../model/plan.ts";
import { plan } from "../reconcile.ts";
import { actionGraph } from "../report/action-graph.ts";
import { runsOf } from "../runs-of.ts";
import { type CommandDefinition, type Invocation, planOptions } from "./command.ts";
import { openConfigured } from "./open-session.ts";
import { reported } from "./reported.ts";

const { format: _ofResults, report: _none, "max-bytes": _unused, each: _whole, warnings: _said, ...options } = planOptions;

const languages = ["dot", "mermaid"] as const;

/** `virtform graph`: what an apply would do in which order. */
export const graph: CommandDefinition = {
  summary: "Print the actions of a plan as a graph",
  usage: "[PATH…] [options]",
  description:
    "Plans, and prints the actions as a graph for Graphviz or Mermaid. An arrow leads from an action to one that waits for it; actions that lose data are red.",
  options: {
    ...options,
    format: { type: "string", value: "NAME", values: languages, help: `Language of the graph: ${languages.join(", ")} (default dot).` },
    mermaid: { type: "boolean", help: "The same as --format mermaid, which Markdown can show." },
  },
  examples: [
    ["virtform graph > plan.dot", "Writes the graph for Graphviz; `dot -Tsvg plan.dot` draws it."],
    ["virtform graph --mermaid", "Prints a diagram for Markdown."],
  ],
  run(invocation, io) {
    const language = languageOf(invocation);
    // The format is that of the graph, not of a report.
    const text = (name: string) => (name === "format" ? undefined : invocation.text(name));
    return reported({ ...invocation, text }, io, { command: "graph" }, async ({ event }) => {
      await using session = await openConfigured(invocation.positionals, io);
      const [targets, exclude] = [invocation.texts("target"), invocation.texts("exclude")];
      const made = await plan(runsOf(session, { targets, exclude, mode: () => ({ do: "apply" }) }));
      const errors = made.diagnostics.filter(({ severity }) => severity === "error");
      if (errors.length > 0) event({ type: "failed", diagnostics: errors });
      else if (!made.complete) throw userError("unexpected-answer", "The plan is incomplete", "`virtform plan` says why.");
      if (isErrored(made)) return 1;
      event({ type: "result", result: { kind: "document", text: escapeControls(actionGraph(made, language), "\n") } });
      return 0;
    });
  },
};

function languageOf(invocation: Invocation): (typeof languages)[number] {
  const format = invocation.text("format");
  if (format === undefined) return invocation.flag("mermaid") ? "mermaid" : "dot";
  const known = languages.find((name) => name === format);
  if (known === undefined)
    throw userError("bad-option", `Not a language of graphs: ${format}`, `--format takes ${languages.join(" or ")}.`);
  return known;
}
