import { originalStack } from "./original-stack.ts";

/** The stack of a bug, with places in the sources; the text of what is thrown and is not an Error. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? originalStack(error.stack ?? error.message) : String(error);
}
