import { readFileSync } from "node:fs";
import { type UserError, userError } from "../model/errors.ts";
import type { SecretRef } from "../model/secret.ts";

/** Values that stood in the environment. */
const withdrawn = new Map<string, string>();

/** Maps whose keys are the user's own words: an `env` in them is no reference. */
const freeForm = new Set(["metadata", "properties", "extra_specs"]);

/** Takes every variable that something refers to out of the environment, so that no program we start inherits it. */
export function withdrawSecrets(config: unknown): void {
  if (typeof config !== "object" || config === null) return;
  for (const [key, part] of Object.entries(config)) if (!freeForm.has(key)) withdrawSecrets(part);
  const { env } = config as { readonly env?: unknown };
  if (typeof env !== "string" || Object.keys(config).length > 1) return;
  const value = process.env[env];
  if (value === undefined) return;
  withdrawn.set(env, value);
  delete process.env[env];
}

/** The value behind a reference; undefined when there is none to be had here. */
export function lookUpSecret(reference: SecretRef): string | undefined {
  if ("env" in reference) return process.env[reference.env] ?? withdrawn.get(reference.env);
  try {
    return readFileSync(reference.file, "utf8").replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}

/** Says what to do about a secret that cannot be had. */
export function missingSecret(reference: SecretRef): UserError {
  const detail = "The configuration takes a secret from it.";
  return "env" in reference
    ? userError(
        "secret-missing",
        `The environment variable ${reference.env} is not set`,
        `${detail} Set it and run the same command again.`,
      )
    : userError(
        "secret-missing",
        `The file ${reference.file} cannot be read`,
        `${detail} It has to be on this machine, and readable by whoever runs virtform.`,
      );
}
