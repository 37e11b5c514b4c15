/** Writes what is made from the schema of configurations: the schema for editors. */
import { writeFileSync } from "node:fs";
import { schemaText } from "../../src/kinds/config-schema.ts";

writeFileSync(new URL("../../schemas/config.schema.json", import.meta.url), schemaText());
