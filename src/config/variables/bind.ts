import { closest } from "../../model/closest.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { type Located, placeOf } from "../located.ts";
import { suggestion } from "../problem.ts";
import { checkValue } from "./check-value.ts";
import { type Declaration, readDeclaration } from "./declaration.ts";
import { expand, failed, type Report } from "./expand.ts";
import { Fault } from "./fault.ts";
import type { Given } from "./given.ts";
import { readGiven } from "./read-given.ts";
import type { Scope } from "./scope.ts";

/** A variable with its value. */
export interface Bound {
  readonly declaration: Declaration;
  readonly value: Located;
  /** Where the value comes from. */
  readonly from: Given | "default";
}

/** No variable can be used where the values of variables are written. */
const closed: Scope = {
  variable: () => refuse(),
  variables: [],
  local: () => refuse(),
  locals: [],
};

function refuse(): never {
  const detail = "The value of a variable cannot use others. Put it under locals, or write $${ for the text ${ itself.";
  throw new Fault("bad-expression", 0, "An expression in the value of a variable", detail);
}

/**
 * The declared variables with their values: what is given, else the default. `where` says how a value is given, and `at` is the place for a
 * variable that has none; both are for messages.
 */
export function bindVariables(
  section: Located | undefined,
  given: ReadonlyMap<string, Given>,
  options: { readonly where: (name: string) => string; readonly at?: Diagnostic["at"]; readonly report: Report },
): ReadonlyMap<string, Bound> {
  const { report } = options;
  const bound = new Map<string, Bound>();
  const declared = section?.kind === "map" ? section.entries : new Map();
  for (const [key, { node, key: span }] of declared) {
    const name = String(key);
    const declaration = readDeclaration(node);
    const own = given.get(name);
    const pattern = node.entries.get("pattern")?.node;
    if (typeof pattern?.scalar === "string" && declaration.pattern === undefined) {
      const detail = "It has to be a regular expression of JavaScript, which the whole value matches: [a-z]+ or db-[0-9].";
      report({ severity: "error", code: "bad-pattern", summary: "Not a regular expression", detail, at: placeOf(pattern.span) });
    }
    if (own === undefined && declaration.fallback === undefined) {
      const detail = `It has no default. ${options.where(name)}`;
      report({
        severity: "error",
        code: "variable-missing",
        summary: `The variable ${name} has no value`,
        detail,
        at: options.at ?? placeOf(span ?? node.span),
      });
      bound.set(name, { declaration, value: failed(node.span), from: "default" });
      continue;
    }
    bound.set(name, { declaration, value: boundValue(name, declaration, own, report), from: own ?? "default" });
  }
  const names = [...bound.keys()];
  for (const [name, { variable, key, node }] of given) {
    if (bound.has(name) || variable !== undefined) continue;
    const detail = `${names.length === 0 ? "No variables are declared." : "The configuration declares no such variable."}${suggestion(closest(name, names), names)}`;
    const place = node.span.source.given === true ? {} : { at: placeOf(key ?? node.span) };
    const label = node.span.source.given === true ? ` (${node.span.source.file})` : "";
    report({ severity: "error", code: "unknown-variable", summary: `Unknown variable ${JSON.stringify(name)}${label}`, detail, ...place });
  }
  return bound;
}

function boundValue(name: string, declaration: Declaration, own: Given | undefined, report: Report): Located {
  const { type, fallback } = declaration;
  const given = own ?? { node: fallback as Located, isText: false };
  const read = readGiven(type, given);
  for (const diagnostic of read.diagnostics) report(diagnostic);
  if (read.diagnostics.length > 0) return failed(given.node.span);
  const isPlain = own?.isText === true && read.node.kind === "scalar";
  const value = isPlain ? read.node : expand(read.node, undefined, closed, report);
  if (value.failed === true && read.node.failed !== true) return value;
  const problem = checkValue(name, declaration, value);
  if (problem === undefined) return type === "secret" ? { ...value, isSecret: true } : value;
  const { source } = given.node.span;
  const hidden = type === "secret";
  const place = source.given === true ? {} : { at: placeOf(given.node.span, hidden) };
  const label = source.given === true ? `${source.file} is given. ` : "";
  report({
    severity: "error",
    ...problem,
    detail: `${label}${problem.detail}${hidden && source.given === true ? secretHint(name) : ""}`,
    ...place,
  });
  return failed(given.node.span);
}

function secretHint(name: string): string {
  return ` Other users see the words of a command: put the secret into VIRTFORM_VAR_${name}, or give a reference: --var '${name}={env: NAME}'.`;
}
