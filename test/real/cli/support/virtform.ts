import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const checkout = fileURLToPath(new URL("../../../../", import.meta.url));
export const entry = `${checkout}bin/virtform.js`;

/** What a program that ended left behind: an exit code, or the signal that ended it. */
export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd?: string;
  /** Added to the environment of the tests; undefined takes away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the node that runs the tests. */
  readonly node?: readonly string[];
}

/** Starts a program as a pipeline does: no terminal, nothing to read. */
export function start(program: string, args: readonly string[], { cwd, env }: Surroundings = {}): ChildProcess {
  const { NO_COLOR: _plain, FORCE_COLOR: _color, NODE_TEST_CONTEXT: _test, ...inherited } = process.env;
  return spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...inherited, CI: "1", LC_ALL: "C", ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
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

/** Waits for a program's end; one that hangs is killed. */
export function ended(child: ChildProcess, timeoutMs = 120_000): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      // Its children may hold them open.
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, timeoutMs);
    child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout: Buffer.concat(stdout).toString("utf8"), stderr: Buffer.concat(stderr).toString("utf8") });
    });
  });
}
