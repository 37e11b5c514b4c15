import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const checkout = fileURLToPath(new URL("../../../", import.meta.url));
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
  /** Added to the environment of the tests as it is then; undefined takes away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Starts a program as a pipeline does: no terminal, nothing to read. */
export function start(program: string, args: readonly string[], { cwd, env }: Surroundings = {}): ChildProcess {
  const { NO_COLOR: _plain, FORCE_COLOR: _color, NODE_TEST_CONTEXT: _test, NODE_COMPILE_CACHE: _cache, ...inherited } = process.env;
  return spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...inherited, CI: "1", LC_ALL: "C", ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
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
