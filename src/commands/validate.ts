import { loadConfig } from "../config/load.ts";
import { configRules } from "../kinds/rules.ts";
import { hasErrors } from "../model/diagnostic.ts";
import { type CommandDefinition, hostOptions, reportOptions } from "./command.ts";
import { variableInputs } from "./open-session.ts";
import { reported } from "./reported.ts";

/** `virtform validate`: the configuration alone, no host. */
export const validate: CommandDefinition = {
  summary: "Check the configuration; touches no host",
  usage: "[PATH…] [options]",
  description: "Checks the files against the schema, and all references between them. Reports all mistakes at once, each with its place.",
  options: {
    ...hostOptions,
    ...reportOptions,
    json: { type: "boolean", help: "Print the result as JSON: valid, error_count, warning_count, diagnostics." },
  },
  examples: [
    ["virtform validate", "Checks virtform.yaml and *.virtform.yaml in the current directory."],
    ["virtform validate --json site.yaml", "For tools: diagnostics with file, line and column."],
    ["virtform validate --report sarif=virtform.sarif", "For code scanning, beside the text."],
  ],
  run: (invocation, io) =>
    reported(invocation, io, { command: "validate" }, async ({ event }) => {
      const paths = invocation.positionals.length === 0 ? ["."] : invocation.positionals;
      const { diagnostics, files } = await loadConfig(paths, { ...configRules(), ...variableInputs(io) });
      event({ type: "result", result: { kind: "validation", files, diagnostics } });
      return hasErrors(diagnostics) ? 1 : 0;
    }),
};
