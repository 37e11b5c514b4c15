import { execFileSync } from "node:child_process";

/** Runs a program of the packaging and gives its output. Throws when it fails, or after five minutes. */
export function run(program: string, args: readonly string[], options: { readonly cwd?: string } = {}): string {
  return execFileSync(program, args, {
    ...options,
    encoding: "utf8",
    timeout: 300_000,
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 24,
  });
}
