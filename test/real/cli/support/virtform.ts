import type { ChildProcess } from "node:child_process";
import { ended, entry, type Surroundings as Own, type Result, start } from "../../support/program.ts";

export { checkout, ended, entry, type Result, start } from "../../support/program.ts";

export interface Surroundings extends Own {
  /** Default: the node that runs the tests. */
  readonly node?: readonly string[];
}

/** Starts `virtform` and does not wait for it. */
export function startVirtform(args: readonly string[], around: Surroundings = {}): ChildProcess {
  const [program = process.execPath, ...options] = around.node ?? [];
  return start(program, [...options, entry, ...args], around);
}

/** Runs `virtform` to its end. */
export function virtform(args: readonly string[], around: Surroundings = {}): Promise<Result> {
  return ended(startVirtform(args, around));
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], around: Surroundings = {}): Promise<Result> {
  return ended(start(program, args, around));
}

/** Runs a program that has to succeed, and gives its output. */
export async function mustRun(program: string, args: readonly string[], around: Surroundings = {}): Promise<string> {
  const result = await run(program, args, around);
  if (result.code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${result.code}:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}
