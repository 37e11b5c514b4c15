import { hash } from "node:crypto";
import { compiledCheck } from "./accepts.ts";
import { configSchema } from "./config-schema.ts";

/**
 * What a configuration is checked against. The check that the build compiled serves only the schema that it was compiled from: with a
 * kind, driver or source registered at run time the schema is a different one, and is compiled when it is used.
 */
export function configRules(): { readonly schema: object; readonly accepts: ((value: unknown) => boolean) | undefined } {
  const schema = configSchema();
  const isCompiled = compiledCheck !== undefined && compiledCheck.schemaDigest === hash("sha256", JSON.stringify(schema));
  return { schema, accepts: isCompiled ? compiledCheck?.accepts : undefined };
}
