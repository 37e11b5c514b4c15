import { dirname, resolve } from "node:path";
import type { Located } from "../located.ts";
import { readTextSync } from "../read-text.ts";
import { Fault } from "./fault.ts";

/** A pure function of expressions. `default` is not one of them: it does not evaluate all its words. */
export interface ExpressionFunction {
  /** Its words, for messages. */
  readonly usage: string;
  readonly words: number;
  /** `at` is the place of each word, `file` the absolute path of the file that the expression is in. */
  readonly apply: (words: readonly Located[], at: readonly number[], file: string) => string;
}

const longestFile = 1024 * 1024;

/** Longer texts are refused, so that values which use each other cannot grow without end. */
export const longestText = 1024 * 1024;

/** The fault of a text that is too long. */
export function tooLong(at: number): Fault {
  const detail = `With the values of its expressions it has more than ${longestText} characters.`;
  return new Fault("text-too-long", at, "The text is too long", detail);
}

/** The functions by name. */
export const functions: Readonly<Record<string, ExpressionFunction>> = {
  join: { usage: 'join(", ", LIST)', words: 2, apply: ([separator, list], at) => joined(separator, list, at) },
  lower: { usage: "lower(TEXT)", words: 1, apply: ([text], at) => textOf(text, at[0]).toLowerCase() },
  upper: { usage: "upper(TEXT)", words: 1, apply: ([text], at) => textOf(text, at[0]).toUpperCase() },
  base64: { usage: "base64(TEXT)", words: 1, apply: ([text], at) => Buffer.from(textOf(text, at[0])).toString("base64") },
  file: { usage: 'file("./PATH")', words: 1, apply: ([path], at, file) => content(textOf(path, at[0]), at[0] ?? 0, path?.base ?? file) },
};

/** How the functions are written, for messages. */
export const usages: readonly string[] = [...Object.values(functions).map(({ usage }) => usage), "default(VALUE, OTHERWISE)"];

/** The text of a value in a longer text or as the word of a function. Throws a Fault for a value that is no text, number or boolean. */
export function textOf(node: Located | undefined, at = 0): string {
  if (node?.isSecret === true) {
    const detail = "A secret is kept as a reference and can only be a whole value, as in admin_password: ${var.password}.";
    throw new Fault("secret-in-text", at, "A secret cannot be part of a text", detail);
  }
  if (node?.kind === "scalar" && node.scalar !== null && node.scalar !== undefined) return String(node.scalar);
  const what = node === undefined || node.kind === "scalar" ? "nothing" : node.kind === "map" ? "a mapping" : "a list";
  const hint =
    node?.kind === "list"
      ? ' Write join(", ", LIST), or one item: LIST[0].'
      : node?.kind === "map"
        ? " Name one of its values: MAP.key."
        : "";
  throw new Fault("wrong-type", at, "Expected text", `This is ${what}, which cannot be part of a text.${hint}`);
}

function joined(separator: Located | undefined, list: Located | undefined, at: readonly number[]): string {
  if (list?.kind !== "list")
    throw new Fault("wrong-type", at[1] ?? 0, "Expected a list", 'join puts the items of a list together: join(", ", LIST).');
  const between = textOf(separator, at[0]);
  const items = [...list.entries.values()].map(({ node }) => textOf(node, at[1]));
  const length = items.reduce((sum, item) => sum + item.length + between.length, 0);
  if (length > longestText) throw tooLong(at[1] ?? 0);
  return items.join(between);
}

function content(path: string, at: number, from: string): string {
  const read = readTextSync(resolve(dirname(from), path), longestFile, path);
  if ("problem" in read) throw new Fault(read.problem.code, at, read.problem.summary, read.problem.detail);
  return read.text;
}
