import { inProcess, isFree } from "../cli/support/in-process.ts";
import { checkout, type Result, virtform as virtformProcess } from "./virtform.ts";
import { assertApplied, assertNothingPlanned, type Workspace } from "./workspace.ts";

// What virtform.ts and workspace.ts have under the same names, without a process for each command line.

/** Runs a command line in this process with the output that users get, or in a process of its own while another runs in this one. */
export function virtform(...args: readonly string[]): Promise<Result> {
  return isFree() ? inProcess(args, checkout, { NO_COLOR: "1", LC_ALL: process.env["LC_ALL"] }) : virtformProcess(...args);
}

/** Applies the workspace's configuration in this process, which has to succeed. */
export async function apply(workspace: Workspace, ...options: readonly string[]): Promise<Result> {
  return assertApplied(await virtform("apply", workspace.directory, "--auto-approve", ...options));
}

/** A plan in this process has to find nothing to do, and to say so. */
export async function assertConverged(workspace: Workspace): Promise<void> {
  assertNothingPlanned(await virtform("plan", workspace.directory, "--detailed-exitcode"));
}
