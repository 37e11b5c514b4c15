import standalone from "ajv/dist/standalone/index.js";
import { createAjv } from "../../src/config/validate.ts";
import { schema } from "../../src/kinds/schema.ts";

/** The text of `src/kinds/schema-check.js`: code that says yes or no, and nothing on why, which makes it small. */
export function schemaCheckText(): string {
  const ajv = createAjv({ messages: false, code: { source: true, esm: true } });
  ajv.addSchema(schema, "config");
  // Ajv asks for its own parts with require, even in a module.
  const code = standalone
    .default(ajv, { accepts: "config" })
    .replaceAll(/const (\w+) = require\("(ajv\/dist\/runtime\/\w+)"\)\.default;/g, 'import $1_ from "$2.js";const $1 = $1_.default;');
  return `// Made by \`npm run schema\`. Do not edit.\n${code}\n`;
}
