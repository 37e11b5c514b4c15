import { existsSync } from "node:fs";
import { hasConfiguration } from "../config/has-configuration.ts";
import type { Invocation } from "./command.ts";

/** Splits the words of a command into names and paths of the configuration. */
export function namesAndPaths({ positionals }: Pick<Invocation, "positionals">): {
  readonly names: readonly string[];
  readonly paths: readonly string[];
} {
  return { names: positionals.filter((word) => !isPath(word)), paths: positionals.filter(isPath) };
}

/**
 * Whether a word among names is a path: it begins with a dot or a slash, ends like a file of a configuration, or has a slash and exists. Where the
 * current directory has no configuration, also the name of a directory that has one.
 */
export function isPath(word: string): boolean {
  return /^[./]|\.ya?ml$/.test(word) || (word.includes("/") && existsSync(word)) || (hasConfiguration(word) && !hasConfiguration("."));
}
