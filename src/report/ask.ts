import { createInterface } from "node:readline";
import type { Output } from "./options.ts";

/** An open question. `cancel` ends it without an answer. */
export interface Question {
  readonly answer: Promise<string | undefined>;
  cancel(): void;
}

/**
 * Asks for one line. Undefined when the input ends or the question is cancelled. The terminal stays as it is, so that
 * Ctrl-C remains a signal.
 */
export function ask(text: string, input: NodeJS.ReadableStream, output: Output): Question {
  output.write(text);
  const lines = createInterface({ input, terminal: false });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  lines.once("line", (line) => {
    resolve(line.trim());
    lines.close();
  });
  // Reading a closed terminal fails; the interface emits the error of its input.
  lines.once("error", () => lines.close());
  lines.once("close", () => resolve(undefined));
  return { answer: promise, cancel: () => lines.close() };
}
