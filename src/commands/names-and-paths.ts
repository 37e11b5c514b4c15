import { existsSync } from "node:fs";
import type { Invocation } from "./command.ts";

/**
 * Splits the words of a command into names and paths of the configuration. A word is a path if it begins with a dot or a slash, ends like a
 * file of a configuration, or has a slash and exists.
 */
export function namesAndPaths({ positionals }: Pick<Invocation, "positionals">): {
  readonly names: readonly string[];
  readonly paths: readonly string[];
} {
  const isPath = (word: string) => /^[./]|\.ya?ml$/.test(word) || (word.includes("/") && existsSync(word));
  return { names: positionals.filter((word) => !isPath(word)), paths: positionals.filter(isPath) };
}
