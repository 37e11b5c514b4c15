import { createHash } from "node:crypto";
import standalone from "ajv/dist/standalone/index.js";
import { createAjv } from "../../src/config/validate.ts";

/**
 * The module that replaces `src/kinds/accepts.ts` in the build: Ajv's code for a schema. It answers yes or no without a reason,
 * which keeps it small.
 */
export function schemaCheckText(schema: object): string {
  const ajv = createAjv({ messages: false, code: { source: true, esm: true } });
  ajv.addSchema(schema, "config");
  // Ajv asks for its own parts with require, even in a module.
  const code = standalone
    .default(ajv, { accepts: "config" })
    .replaceAll(/const (\w+) = require\("(ajv\/dist\/runtime\/\w+)"\)\.default;/g, 'import $1_ from "$2.js";const $1 = $1_.default;');
  const schemaDigest = createHash("sha256").update(JSON.stringify(schema)).digest("hex");
  return `${code}\nexport const compiledCheck = { schemaDigest: ${JSON.stringify(schemaDigest)}, accepts };\n`;
}
