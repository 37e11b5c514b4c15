import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs a program with the terminal, or what takes its place, of this process, for as long as people use it: no timeout. The interrupt key is the
 * program's. Resolves to its exit code, as a shell counts it; undefined when the program does not exist.
 */
export function runAttached({
  program,
  args,
}: {
  readonly program: string;
  readonly args: readonly string[];
}): Promise<number | undefined> {
  const ignore = () => undefined;
  const ended = ["SIGINT", "SIGQUIT"] as const;
  return new Promise<number | undefined>((resolve, reject) => {
    for (const signal of ended) process.on(signal, ignore);
    const child = spawn(program, args, { stdio: "inherit" });
    const terminate = () => child.kill("SIGTERM");
    process.once("SIGTERM", terminate);
    child.once("error", (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? resolve(undefined) : reject(error)));
    child.once("close", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    child.once("close", () => process.off("SIGTERM", terminate));
  }).finally(() => {
    for (const signal of ended) process.off(signal, ignore);
  });
}
