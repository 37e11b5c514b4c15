import { readHead } from "../config/origin.ts";

/**
 * The commit of the configuration: the one that a pipeline names in its environment, else the one that is checked out in this directory or
 * above it. Undefined where there is none.
 */
export async function commitOf(directory: string, env: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
  const named = env["GITHUB_SHA"] || env["CI_COMMIT_SHA"];
  return named === undefined || !/^[0-9a-f]{7,64}$/.test(named) ? readHead(directory) : named;
}
