import { mkdir } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { loadConfig } from "../config/load.ts";
import { declaredNames } from "../kinds/config/declared-names.ts";
import { schemaText } from "../kinds/config-schema.ts";
import { configRules } from "../kinds/rules.ts";
import { schemaWithNames } from "../kinds/schema-with-names.ts";
import { errorMessage, UserError, userError } from "../model/errors.ts";
import { type CommandDefinition, type Invocation, variableOptions } from "./command.ts";
import type { Io } from "./io.ts";
import { variableInputs } from "./open-session.ts";
import { reported } from "./reported.ts";
import { writeWhole } from "./write-whole.ts";

/** Where `--for-project` writes, beside the configuration. */
const usualFile = ".virtform/config.schema.json";

/** `virtform schema`: the JSON Schema, for editors and other tools. */
export const schema: CommandDefinition = {
  summary: "Print the JSON Schema of the configuration",
  usage: "[PATH…] [options]",
  description: `JSON Schema 2020-12 with a description of every key. Editors use it through the first line of a file: # yaml-language-server: $schema=PATH. With --for-project it is written to ${usualFile} instead, and editors also offer the images, flavors, key pairs, volumes, networks and variables of the configuration. Run it again after such a name was added: until then the new name is not offered, and no mistake. No host is contacted.`,
  options: {
    ...variableOptions,
    "for-project": { type: "boolean", help: "With the names of the configuration, into a file beside it." },
    out: { type: "string", value: "FILE", help: `Write to this file (default with --for-project: ${usualFile}).` },
  },
  examples: [
    ["virtform schema > config.schema.json", "Saves a copy beside the configuration."],
    ["virtform schema --for-project", "Editors complete the names of the configuration in the current directory."],
  ],
  run: (invocation, io) =>
    reported(invocation, io, { command: "schema" }, async ({ event }) => {
      const [path] = invocation.positionals;
      if (path !== undefined && !invocation.flag("for-project"))
        throw userError(
          "bad-option",
          `The schema does not depend on ${path}`,
          "With --for-project it has the names of that configuration. Otherwise name no path; --out says where the schema is written.",
        );
      const text = invocation.flag("for-project") ? await projectSchema(invocation, io) : { text: schemaText(), directory: "." };
      const file = invocation.text("out") ?? (invocation.flag("for-project") ? `${text.directory}/${usualFile}` : undefined);
      if (file === undefined) {
        event({ type: "result", result: { kind: "document", text: text.text } });
        return 0;
      }
      await write(file, text.text);
      const line = `# yaml-language-server: $schema=${relative(text.directory, file)}`;
      event({
        type: "result",
        result: {
          kind: "document",
          text: `Wrote ${shortest(file)}. The first line of each file of the configuration:\n\n  ${line}\n`,
        },
      });
      return 0;
    }),
};

async function projectSchema(invocation: Invocation, io: Io): Promise<{ readonly text: string; readonly directory: string }> {
  const loaded = await loadConfig(invocation.positionals, { ...configRules(), ...variableInputs(io) });
  const { directory, config, variableNames, diagnostics } = loaded;
  if (directory === undefined) throw new UserError(diagnostics);
  const names = { ...declaredNames(config), variables: variableNames };
  return { text: `${JSON.stringify(schemaWithNames(JSON.parse(schemaText()), names), null, 2)}\n`, directory };
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeWhole(file, text);
  } catch (error) {
    throw userError("schema-file", `Cannot write ${file}`, errorMessage(error));
  }
}

function shortest(file: string): string {
  const path = relative(".", file);
  return path.startsWith("..") ? file : path;
}
