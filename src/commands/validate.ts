import { loadConfig } from "../config/load.ts";
import { configRules } from "../kinds/rules.ts";
import { hasErrors } from "../model/diagnostic.ts";
import { formatDiagnostics } from "../report/diagnostics.ts";
import { diagnosticJson } from "../report/json.ts";
import { count as quantity } from "../report/quantities.ts";
import { type CommandDefinition, hostOptions } from "./command.ts";
import { useColor } from "./use-color.ts";

/** `virtform validate`: the configuration alone, no host. */
export const validate: CommandDefinition = {
  summary: "Check the configuration; touches no host",
  usage: "[PATH…] [options]",
  description:
    "Reads the files, checks them against the schema, and checks that every name they refer to exists. All mistakes are shown at once, each with its place.",
  options: { ...hostOptions, json: { type: "boolean", help: "The result as JSON: valid, error_count, warning_count, diagnostics." } },
  examples: [
    ["virtform validate", "Checks virtform.yaml and *.virtform.yaml in this directory."],
    ["virtform validate --json site.yaml", "For tools: the diagnostics with file, line and column."],
  ],
  async run(invocation) {
    const paths = invocation.positionals.length === 0 ? ["."] : invocation.positionals;
    const { diagnostics, files } = await loadConfig(paths, configRules());
    const count = (severity: string) => diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    if (invocation.flag("json")) {
      const result = {
        format_version: "1.0",
        valid: !hasErrors(diagnostics),
        error_count: count("error"),
        warning_count: count("warning"),
        diagnostics: diagnostics.map(diagnosticJson),
      };
      process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    } else {
      if (diagnostics.length > 0)
        process.stderr.write(formatDiagnostics(diagnostics, { color: useColor(process.stderr, invocation.flag("no-color")) }));
      const read = quantity(files.length, "file");
      process.stdout.write(
        hasErrors(diagnostics)
          ? `The configuration is not valid: ${quantity(count("error"), "error")}.\n`
          : `The configuration is valid (${read}).\n`,
      );
    }
    return hasErrors(diagnostics) ? 1 : 0;
  },
};
