import { homedir } from "node:os";
import { getRawAsset } from "node:sea";
import { pathToFileURL } from "node:url";
import { runProgram } from "./run-program.ts";

/** SHA-256 of the program, known when it is built. */
declare const PROGRAM_DIGEST: string;

/** The program in the one-file binary, which Node keeps as a part of itself. */
const program = () => {
  const text = Buffer.from(getRawAsset("program.cjs")).toString("latin1");
  return { text, key: PROGRAM_DIGEST, filename: "virtform/program.cjs", url: pathToFileURL(process.execPath).href };
};

// Apart from the code that an installation with its own Node compiled: either would replace the other's.
const cache = `${process.env["XDG_CACHE_HOME"] || `${homedir()}/.cache`}/virtform/compiled-binary`;
runProgram(process.argv.slice(2), program, cache).then((code) => {
  process.exitCode = code;
});
