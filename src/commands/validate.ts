import { loadConfig } from "../config/load.ts";
import { pointerOf } from "../kinds/config/pointer-of.ts";
import type { Config } from "../kinds/config.ts";
import { configRules } from "../kinds/rules.ts";
import { type Diagnostic, hasErrors } from "../model/diagnostic.ts";
import { withPlaces } from "../model/diagnostic-places.ts";
import { type CommandDefinition, hostOptions, reportOptions } from "./command.ts";
import type { Io } from "./io.ts";
import { configurationsOf, variableInputs } from "./open-session.ts";
import { reported } from "./reported.ts";

/** `virtform validate`: the configuration alone, no host. */
export const validate: CommandDefinition = {
  summary: "Check the configuration; touches no host",
  usage: "[PATH…] [options]",
  description:
    "Checks the files against the schema, all references between them, and whether what they say can be together. Reports all mistakes at once, each with its place. What depends on the host is checked by `virtform plan`.",
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
      const checked = await Promise.all(configurationsOf(invocation.positionals, io).map((paths) => check(paths, io)));
      const [files, diagnostics] = [[...new Set(checked.flatMap((one) => one.files))], checked.flatMap((one) => one.diagnostics)];
      event({ type: "result", result: { kind: "validation", files, diagnostics } });
      return hasErrors(diagnostics) ? 1 : 0;
    }),
};

/** The mistakes of one configuration, with their places. */
async function check(
  paths: readonly string[],
  io: Io,
): Promise<{ readonly files: readonly string[]; readonly diagnostics: readonly Diagnostic[] }> {
  const { config, diagnostics, files, place } = await loadConfig(paths, { ...configRules(), ...variableInputs(io) });
  const written = config as Config;
  const alone = hasErrors(diagnostics) ? [] : await checkAlone(written);
  return { files, diagnostics: [...diagnostics, ...withPlaces(alone, { place, pointerOf: (address) => pointerOf(address, written) })] };
}

/** Only for a configuration without mistakes of form, so that what is loaded for it does not delay the others. */
async function checkAlone(config: Config): Promise<Diagnostic[]> {
  const { checkConfig } = await import("../kinds/config-check.ts");
  return checkConfig(config);
}
