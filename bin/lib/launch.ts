import { openProgram } from "./open-program.ts";
import { type ProgramSource, runProgram, type ScriptPlaces } from "./run-program.ts";

/** SHA-256 of the program, and where its scripts are, known when it is built. */
declare const PROGRAM_DIGEST: string;
declare const PROGRAM_SCRIPTS: ScriptPlaces;

/** The program of this installation. */
export function program(): ProgramSource {
  const file = new URL("../dist/program.cjs", import.meta.url);
  const { size, mtimeMs, text } = openProgram(file);
  const key = [PROGRAM_DIGEST, size, mtimeMs].join(" ");
  const url = new URL("../dist/cli.js", import.meta.url).href;
  return { text, scripts: PROGRAM_SCRIPTS, key, filename: file.pathname, url };
}

/** Runs one command line with `dist/program.cjs`; resolves to the exit code. `cache` is the directory for compiled code. */
export function main(argv: readonly string[], cache: string): Promise<number> {
  return runProgram(argv, program, cache);
}
