import { compiledCheck } from "./accepts.ts";
import { configSchema } from "./config-schema.ts";
import { schema as builtIn } from "./schema.ts";

/** What configurations are checked against, in the form that the loader takes. */
interface Rules {
  readonly schema: object;
  readonly accepts: ((value: unknown) => boolean) | undefined;
  readonly needed: typeof project;
}

const project = {
  key: "project",
  code: "project-missing",
  summary: "The configuration names no project",
  why: "A project owns the objects on the host: objects that its configuration does not declare are removed, so two configurations with one name would delete each other's guests. If this configuration was applied before, its project is `default`. Otherwise choose a name that no other configuration on the host has.",
  not: /[^a-zA-Z0-9._-]+/g,
} as const;

/**
 * What a configuration is checked against. The check that the build compiled serves only the schema that it was compiled from: with a
 * kind, driver or source registered at run time the schema is a different one, and is compiled when it is used.
 */
export function configRules(): Rules {
  const schema = configSchema();
  return { schema, accepts: schema === builtIn ? compiledCheck?.accepts : undefined, needed: project };
}
