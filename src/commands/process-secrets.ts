import type { SecretRef } from "../model/secret.ts";
import { commandSecrets } from "./command-secrets.ts";
import { readBounded } from "./read-bounded.ts";

/** The secrets that one process can look up. */
export interface Secrets {
  /** The value behind a reference; undefined when it is not available. */
  readonly lookUp: (reference: SecretRef) => string | undefined;
  /** Takes every variable that something refers to out of the environment, so that no program we start inherits it. */
  readonly withdraw: (config: unknown) => void;
}

/** Maps whose keys are the user's own words: an `env` in them is no reference. */
const freeForm = new Set(["metadata", "properties", "extra_specs"]);

/** Looks secrets up in an environment, in files of this machine, and by programs that print them. */
export function processSecrets(environment: Record<string, string | undefined>): Secrets {
  const withdrawn = new Map<string, string>();
  const commands = commandSecrets(environment);
  const withdraw = (config: unknown): void => {
    if (typeof config !== "object" || config === null) return;
    for (const [key, part] of Object.entries(config)) if (!freeForm.has(key)) withdraw(part);
    const { env } = config as { readonly env?: unknown };
    if (typeof env !== "string" || Object.keys(config).length > 1) return;
    const value = environment[env];
    if (value === undefined) return;
    withdrawn.set(env, value);
    delete environment[env];
  };
  const lookUp = (reference: SecretRef): string | undefined => {
    if ("env" in reference) return environment[reference.env] ?? withdrawn.get(reference.env);
    if ("command" in reference) return commands.lookUp(reference);
    const read = readBounded(reference.file);
    return "bytes" in read ? read.bytes.toString("utf8").replace(/\r?\n$/, "") : undefined;
  };
  return { lookUp, withdraw };
}
