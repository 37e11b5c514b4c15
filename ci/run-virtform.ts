import { spawn } from "node:child_process";

/** GitHub ends jobs after this time. */
const longestRun = 6 * 3_600_000;

/**
 * Runs virtform with its output going to the log of the job. Signals are passed on, so that a job that is cancelled ends an apply as ^C
 * does. Returns its exit code; 1 when it was killed or could not be started.
 */
export function runVirtform(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "inherit", "inherit"], env, timeout: longestRun });
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    for (const signal of signals) process.on(signal, forward);
    const end = (code: number) => {
      for (const signal of signals) process.off(signal, forward);
      resolve(code);
    };
    child.on("error", (error) => {
      console.error(`Cannot run ${program}: ${error.message}`);
      end(1);
    });
    child.on("exit", (code) => end(code ?? 1));
  });
}
