/** Writes what is made from the schema of configurations: the schema for editors, and the code that checks by it. */
import { writeFileSync } from "node:fs";
import { schemaText } from "../../src/kinds/schema.ts";
import { schemaCheckText } from "./schema-check-text.ts";

writeFileSync(new URL("../../schemas/config.schema.json", import.meta.url), schemaText());
writeFileSync(new URL("../../src/kinds/schema-check.js", import.meta.url), schemaCheckText());
