import type { ConfigLine } from "../config/describe.ts";
import { escapeControls } from "../model/escape-controls.ts";
import { readConfig } from "../session.ts";
import { type CommandDefinition, hostOptions } from "./command.ts";
import { variableInputs } from "./open-session.ts";
import { reported } from "./reported.ts";

/** Places are put behind this column where the lines are short enough. */
const widest = 56;

const { host: _oneConfiguration, ...inputOptions } = hostOptions;

/** `virtform config`: the configuration as it is used, with the place of each value. */
export const config: CommandDefinition = {
  summary: "Print the configuration with variables, copies, includes and overrides written out",
  usage: "[PATH…] [options]",
  description:
    "Checks the configuration and prints it as YAML with everything written out: variables, for_each, includes and overrides. Each line says where it is written, and where the value of an expression comes from. Secrets stay references. Touches no host.",
  options: { ...inputOptions, json: { type: "boolean", help: "Print JSON: files, variables, config." } },
  examples: [
    ["virtform config . prod.yaml", "Shows what prod.yaml changes, and where each value is written."],
    ["virtform config --var env=prod --json", "For tools."],
  ],
  run: (invocation, io) =>
    reported(invocation, io, { command: "config" }, async ({ event }) => {
      const { files, variables, written } = await readConfig(invocation.positionals, variableInputs(io));
      const { value, lines } = written();
      const json = invocation.flag("json") || invocation.text("format") === "json";
      const text = json ? JSON.stringify({ format_version: "1.0", files, variables, config: value }, null, 2) : configText(lines);
      event({ type: "result", result: { kind: "document", text: `${escapeControls(text, "\n")}\n` } });
      return 0;
    }),
};

/** The lines with their places. */
export function configText(lines: readonly ConfigLine[]): string {
  const margin = Math.min(widest, Math.max(...lines.map(({ text, from }) => (from === undefined ? 0 : text.length))));
  return lines
    .map(({ text, from, note }) =>
      from === undefined ? text : `${text.padEnd(margin)}  # ${[from, note].filter((part) => part !== undefined).join(": ")}`,
    )
    .join("\n");
}
