import type { Diagnostic, Place } from "../../model/diagnostic.ts";
import type { Schema } from "../keywords.ts";
import { heaviest } from "../locate.ts";
import { type Entry, type Located, placeOf, type Span, scalarNode, withEntries } from "../located.ts";
import { partFor } from "../walk.ts";
import { evaluate } from "./evaluate.ts";
import { expressionPlace } from "./expression-place.ts";
import { Fault, ReportedFault } from "./fault.ts";
import { longestText, textOf, tooLong } from "./functions.ts";
import type { Scope } from "./scope.ts";
import { parseTemplate } from "./template.ts";

/** Called with every mistake. */
export type Report = (diagnostic: Diagnostic) => void;

/**
 * The value with its expressions evaluated, and with the places of what is written. A text that is one expression gets the value itself, of any
 * type; parts without an expression are shared with the original. `schema` says where a number is wanted as text.
 */
export function expand(node: Located, schema: Schema | undefined, scope: Scope, report: Report): Located {
  if (!node.dynamic) return node;
  if (node.kind === "scalar") return expandText(node, schema, scope, report);
  const entries = new Map<string | number, Entry>();
  for (const [step, entry] of node.entries) {
    const part = schema === undefined ? undefined : partFor(schema, step);
    const isKey = typeof step === "string" && step.includes("${");
    if (isKey) reportKey(entry, report);
    entries.set(step, { ...entry, node: isKey ? failed(entry.node.span) : expand(entry.node, part, scope, report) });
  }
  const expanded = withEntries(node, entries);
  if (expanded.weight <= heaviest) return expanded;
  report(tooManyValues(placeOf(node.span, true)));
  return failed(node.span);
}

/** The error for a value that holds too many others. */
export function tooManyValues(at: Place): Diagnostic {
  const detail = `With the values of its expressions this has more than ${heaviest} values.`;
  return { severity: "error", code: "yaml-too-large", summary: "Too many values", detail, at };
}

/** What stands for a value that could not be evaluated. */
export function failed(span: Span): Located {
  return { ...scalarNode(null, span), failed: true };
}

function expandText(node: Located, schema: Schema | undefined, scope: Scope, report: Report): Located {
  const text = String(node.scalar);
  try {
    const parts = parseTemplate(text);
    const [only] = parts;
    if (parts.length === 1 && only !== undefined && typeof only !== "string") {
      const value = evaluate(only, scope, node.span);
      return withOrigin(asWanted(value, schema), text, node);
    }
    const whole = parts.map((part) => (typeof part === "string" ? part : textOf(evaluate(part, scope, node.span), part.at))).join("");
    if (whole.length > longestText) throw tooLong(0);
    return { ...scalarNode(whole, node.span), dynamic: false };
  } catch (error) {
    if (error instanceof ReportedFault) return failed(node.span);
    if (!(error instanceof Fault)) throw error;
    const { code, summary, at } = error;
    const detail = scope.note === undefined ? error.detail : `${error.detail} ${scope.note}`;
    report({ severity: "error", code, summary, detail, at: expressionPlace(node.span, text, at) });
    return failed(node.span);
  }
}

/** A number or a boolean as text where only text is possible. */
function asWanted(value: Located, schema: Schema | undefined): Located {
  const wantsText = schema?.type === "string" && schema.quantity === undefined;
  return wantsText && (typeof value.scalar === "number" || typeof value.scalar === "boolean")
    ? { ...value, scalar: String(value.scalar) }
    : value;
}

/** The value at the place of its expression. A mapping or list keeps the places of what is in it. */
function withOrigin(value: Located, text: string, { span }: Located): Located {
  const written = text.trim();
  const origin = value.span === span ? "" : ` (${originOf(value.span)})`;
  const note = written.length > 80 ? undefined : `The value comes from ${written}${origin}.`;
  const base = value.base ?? value.span.source.path;
  const noted = { ...value, base, ...(note === undefined ? {} : { note }) };
  return value.kind === "scalar" ? { ...noted, span, dynamic: false } : noted;
}

/** `site.yaml:3:14`, `--var ram`. */
export function originOf(span: Span): string {
  const { file, line, column } = placeOf(span, true);
  return span.source.given === true ? file : `${file}:${line}:${column}`;
}

/** Reports a key that has an expression. */
export function reportKey({ key, node }: Entry, report: Report): void {
  report({
    severity: "error",
    code: "expression-in-key",
    summary: "An expression in a key",
    detail: "Expressions are possible in values only. For entries that differ in their names use for_each.",
    at: placeOf(key ?? node.span),
  });
}
