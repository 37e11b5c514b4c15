import { readFileSync, statSync } from "node:fs";
import { runProgram } from "./run-program.ts";

/** SHA-256 of the program, known when it is built. */
declare const PROGRAM_DIGEST: string;

/** Runs one command line with `dist/program.cjs`; resolves to the exit code. `cache` is the directory for compiled code. */
export function main(argv: readonly string[], cache: string): Promise<number> {
  const program = () => {
    const file = new URL("../dist/program.cjs", import.meta.url);
    const { size, mtimeMs } = statSync(file);
    const key = [PROGRAM_DIGEST, size, mtimeMs].join(" ");
    return { text: readFileSync(file, "latin1"), key, filename: file.pathname, url: new URL("../dist/cli.js", import.meta.url).href };
  };
  return runProgram(argv, program, cache);
}
