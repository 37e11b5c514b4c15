import { getSystemErrorMap } from "node:util";

/** The code of the error that the last words of a program end with: `cp: error writing 'x': No space left on device`. Pure. */
export function errorCodeIn(said: string): string | undefined {
  const words = (said.trim().split("\n").at(-1) ?? "").toLowerCase();
  return [...getSystemErrorMap().values()].find(([, text]) => words.endsWith(`: ${text}`))?.[0];
}

/** The error of a call that a program reports, for `explainFileError`. */
export function systemError(said: string, code: string, syscall: string): Error {
  return Object.assign(new Error(said.trim().split("\n").at(-1) ?? ""), { code, syscall });
}
