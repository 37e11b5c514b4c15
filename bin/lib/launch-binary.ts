import { homedir } from "node:os";
import { getRawAsset } from "node:sea";
import { pathToFileURL } from "node:url";
import { runProgram, type ScriptPlaces } from "./run-program.ts";

/** SHA-256 of the program, and where its scripts are, known when it is built. */
declare const PROGRAM_DIGEST: string;
declare const PROGRAM_SCRIPTS: ScriptPlaces;

/** The program in the one-file binary, which Node keeps as a part of itself. */
const program = () => {
  const text = (offset: number, length: number) => Buffer.from(getRawAsset("program.cjs"), offset, length).toString("latin1");
  const url = pathToFileURL(process.execPath).href;
  return { text, scripts: PROGRAM_SCRIPTS, key: PROGRAM_DIGEST, filename: "virtform/program.cjs", url };
};

// Apart from the code that an installation with its own Node compiled: either would replace the other's.
const cache = `${process.env["XDG_CACHE_HOME"] || `${homedir()}/.cache`}/virtform/compiled-binary`;
runProgram(process.argv.slice(2), program, cache).then((code) => {
  process.exitCode = code;
});
