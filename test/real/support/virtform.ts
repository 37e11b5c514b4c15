import type { ChildProcess } from "node:child_process";
import { ended, entry, type Result, start as startProgram } from "./program.ts";

export { checkout, ended, type Result } from "./program.ts";

/** One line of `apply --json`. */
export interface ApplyEvent {
  readonly type: string;
  readonly hook?: { readonly action?: string; readonly type?: string; readonly resource?: { readonly addr?: string } };
  readonly [key: string]: unknown;
}

/** Runs a program to its end, killing it after `timeoutMs`. */
export async function runProgram(program: string, args: readonly string[], timeoutMs?: number): Promise<Result> {
  return ended(startProgram(program, args), timeoutMs);
}

/** Runs a program that has to succeed and gives its output. */
export async function mustRun(program: string, args: readonly string[], timeoutMs?: number): Promise<string> {
  const result = await runProgram(program, args, timeoutMs);
  if (result.code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${result.code}:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** Longer than any `wait_for` of a test, whose message would otherwise never be seen. */
const commandTimeoutMs = 20 * 60_000;

/** Runs `virtform` as a user does: bin/virtform.js with the node that runs the tests. */
export function virtform(...args: readonly string[]): Promise<Result> {
  return ended(start(args), commandTimeoutMs);
}

/** Runs `virtform apply --json`, hands every event to `onEvent` together with the means to kill it, and waits for its end. */
export async function virtformEvents(
  args: readonly string[],
  onEvent: (event: ApplyEvent, kill: () => void) => void,
): Promise<Result & { readonly events: readonly ApplyEvent[] }> {
  const child = start([...args, "--json"]);
  const events: ApplyEvent[] = [];
  let rest = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = JSON.parse(line) as ApplyEvent;
      events.push(event);
      onEvent(event, () => child.kill("SIGKILL"));
    }
  });
  return { ...(await ended(child, 300_000)), events };
}

/**
 * The start or the end of an action, by its type: `apply_start image.fetch`. Undefined for any other event. A kill at one of
 * several actions of a type shows what a kill at the others would.
 */
export function stepOf({ type, hook }: ApplyEvent): string | undefined {
  return type === "apply_start" || type === "apply_complete" ? `${type} ${hook?.type}` : undefined;
}

/** Runs `virtform` until its first step of this name, and kills it there. Fails when it never comes to it. */
export async function killedAtStep(args: readonly string[], step: string): Promise<void> {
  let reached = false;
  const result = await virtformEvents(args, (event, kill) => {
    if (reached || stepOf(event) !== step) return;
    reached = true;
    kill();
  });
  if (!reached) throw new Error(`virtform ${args.join(" ")} has no step ${step}:\n${result.stdout}${result.stderr}`);
}

/** Starts `virtform` without waiting for it. */
export function start(args: readonly string[]): ChildProcess {
  return startProgram(process.execPath, [entry, ...args], { env: { NO_COLOR: "1", LC_ALL: process.env["LC_ALL"] } });
}
