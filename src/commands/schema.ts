import { schemaText } from "../kinds/config-schema.ts";
import type { CommandDefinition } from "./command.ts";
import { reported } from "./reported.ts";

/** `virtform schema`: the JSON Schema, for editors and other tools. */
export const schema: CommandDefinition = {
  summary: "Print the JSON Schema of the configuration",
  usage: "",
  description:
    "JSON Schema 2020-12 with a description of every key. Editors use it through the first line of a file: # yaml-language-server: $schema=PATH",
  options: {},
  examples: [["virtform schema > config.schema.json", "Saves a copy beside the configuration."]],
  run: (invocation, io) =>
    reported(invocation, io, { command: "schema" }, async ({ event }) => {
      event({ type: "result", result: { kind: "document", text: schemaText() } });
      return 0;
    }),
};
