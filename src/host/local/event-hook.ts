import { errorMessage } from "../../model/errors.ts";
import { runCommand } from "./command.ts";

const timeoutMs = 10_000;

/**
 * Hands an object to a program of this machine, as one line of JSON on its standard input. Resolves to what went wrong, in words; undefined
 * when it exited with 0 within ten seconds, whatever it leaves running. It is ended when the signal is aborted.
 */
export async function runEventHook(
  [program = "", ...args]: readonly string[],
  object: object,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await runCommand({ program, args, stdin: `${JSON.stringify(object)}\n`, timeoutMs, signal }, true);
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}
