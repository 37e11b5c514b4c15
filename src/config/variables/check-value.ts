import { closest } from "../../model/closest.ts";
import { parseQuantity } from "../../model/quantity.ts";
import { quoted } from "../../model/quoted.ts";
import type { Located } from "../located.ts";
import { suggestion } from "../problem.ts";
import { scalarSlip } from "../slips.ts";
import type { Declaration, VariableType } from "./declaration.ts";

/** What is wrong with a value. */
export interface ValueProblem {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
}

const expected: Readonly<Record<VariableType, string>> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  size: "a size: a number with a binary unit, such as 512MiB or 20GiB",
  list: "a list",
  map: "a mapping",
  enum: "one of its values",
  secret: "{ env: NAME }, { file: PATH } or { command: [PROGRAM, …] }: a secret is given by reference",
};

/** Longer texts are not compared with a pattern. */
const longestText = 65_536;

/** Whether a variable can have a value: its type, then what else is declared. The value of a secret is never part of the answer. */
export function checkValue(
  name: string,
  { type, values, pattern, minimum, maximum, message }: Declaration,
  node: Located,
): ValueProblem | undefined {
  if (!hasType(type, node)) {
    const summary = `${name}: expected ${expected[type]}`;
    const slip = type === "number" || type === "boolean" ? scalarSlip(type, node.scalar) : "";
    return {
      code: "variable-value",
      summary,
      detail: `The variable has the type ${type}.${slip}${message === undefined ? "" : ` ${message}`}`,
    };
  }
  const value = node.scalar;
  const wrong = (summary: string, detail: string) => ({ code: "variable-value", summary, detail: message ?? detail });
  if (values !== undefined && type !== "secret" && !values.includes(value)) {
    const possible = values.map(String);
    return wrong(
      `${name}: ${quoted(value)} is not one of its values`,
      `Possible: ${possible.join(", ")}.${suggestion(closest(String(value), possible), [])}`,
    );
  }
  if (pattern !== undefined && typeof value === "string" && type !== "secret" && (value.length > longestText || !pattern.test(value)))
    return wrong(`${name}: ${short(value)} does not match its pattern`, `The whole value has to match ${pattern.source.slice(4, -2)}.`);
  const [least, most] = [numberOf(type, minimum), numberOf(type, maximum)];
  const number = numberOf(type, value);
  if (number !== undefined && least !== undefined && number < least)
    return wrong(`${name}: ${String(value)} is too small`, `It must be at least ${String(minimum)}.`);
  if (number !== undefined && most !== undefined && number > most)
    return wrong(`${name}: ${String(value)} is too large`, `It must be at most ${String(maximum)}.`);
  return undefined;
}

/** Whether a node is a reference to a secret. */
export function isReference(node: Located): boolean {
  const [key, ...more] = [...node.entries.keys()];
  return node.kind === "map" && more.length === 0 && (key === "env" || key === "file" || key === "command");
}

function hasType(type: VariableType, node: Located): boolean {
  if (type === "secret") return isReference(node);
  if (type === "list" || type === "map") return node.kind === type;
  if (node.kind !== "scalar") return false;
  if (type === "size") return typeof node.scalar === "string" && parseQuantity(node.scalar) !== undefined;
  if (type === "enum") return node.scalar !== null;
  return typeof node.scalar === type;
}

function numberOf(type: VariableType, value: unknown): number | undefined {
  if (type === "size") return typeof value === "string" ? parseQuantity(value) : undefined;
  return type === "number" && typeof value === "number" ? value : undefined;
}

function short(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
}
