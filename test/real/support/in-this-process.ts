import type { Result } from "./virtform.ts";
import { virtformInProcess as virtform } from "./virtform-in-process.ts";
import { assertApplied, assertNothingPlanned, type Workspace } from "./workspace.ts";

// What virtform.ts and workspace.ts have under the same names, without a process for each command line.

export { virtform };

/** Applies the workspace's configuration in this process, which has to succeed. */
export async function apply(workspace: Workspace, ...options: readonly string[]): Promise<Result> {
  return assertApplied(await virtform("apply", workspace.directory, "--auto-approve", ...options));
}

/** A plan in this process has to find nothing to do, and to say so. */
export async function assertConverged(workspace: Workspace): Promise<void> {
  assertNothingPlanned(await virtform("plan", workspace.directory, "--detailed-exitcode"));
}
