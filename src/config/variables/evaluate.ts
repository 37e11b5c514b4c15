import { closest } from "../../model/closest.ts";
import { type Located, type Span, scalarNode } from "../located.ts";
import { suggestion } from "../problem.ts";
import type { Expression } from "./expression.ts";
import { Fault, MissingFault } from "./fault.ts";
import { functions, longestText, tooLong, usages } from "./functions.ts";
import type { Scope } from "./scope.ts";

/** The value of an expression in the text of `span`. Throws a Fault or a ReportedFault. */
export function evaluate(expression: Expression, scope: Scope, span: Span): Located {
  const { at } = expression;
  switch (expression.kind) {
    case "literal":
      return { ...scalarNode(expression.value, span), dynamic: false };
    case "name":
      throw incomplete(expression.name, at, scope);
    case "member":
      return memberOf(expression, scope, span);
    case "call":
      return called(expression, scope, span);
  }
}

function called({ name, words, at }: Expression & { kind: "call" }, scope: Scope, span: Span): Located {
  if (name === "default") return firstOf(words, at, scope, span);
  const known = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (known === undefined) {
    const near = closest(name, [...Object.keys(functions), "default"]);
    throw new Fault(
      "unknown-function",
      at,
      `Unknown function ${JSON.stringify(name)}`,
      `There are ${usages.join(", ")}.${suggestion(near, [])}`,
    );
  }
  if (words.length !== known.words) throw wordCount(name, known.usage, words.length, at);
  const values = words.map((word) => evaluate(word, scope, span));
  const places = words.map((word) => word.at);
  const text = known.apply(values, places, span.source.path);
  if (text.length > longestText) throw tooLong(at);
  return { ...scalarNode(text, span), dynamic: false };
}

/** The first of two that has a value. Only what is missing is passed over; a misspelt variable is an error all the same. */
function firstOf(words: readonly Expression[], at: number, scope: Scope, span: Span): Located {
  const [value, otherwise] = words;
  if (value === undefined || otherwise === undefined || words.length > 2)
    throw wordCount("default", "default(VALUE, OTHERWISE)", words.length, at);
  try {
    const found = evaluate(value, scope, span);
    if (found.kind !== "scalar" || found.scalar !== null) return found;
  } catch (error) {
    if (!(error instanceof MissingFault)) throw error;
  }
  return evaluate(otherwise, scope, span);
}

function wordCount(name: string, usage: string, count: number, at: number): Fault {
  return new Fault("bad-expression", at, `${name} does not take ${count} ${count === 1 ? "value" : "values"}`, `Write ${usage}.`);
}

function memberOf({ of, key, at }: Expression & { kind: "member" }, scope: Scope, span: Span): Located {
  if (of.kind === "name" && key.kind === "literal") return rooted(of.name, String(key.value), { name: of.at, key: at }, scope, span);
  const holder = evaluate(of, scope, span);
  const step = evaluate(key, scope, span);
  if (holder.isSecret === true)
    throw new Fault("secret-in-text", at, "A secret has no parts", "It is kept as a reference and can only be a whole value.");
  if (holder.kind === "scalar")
    throw new Fault(
      "wrong-type",
      at,
      "The value has no parts",
      `It is ${holder.scalar === null ? "nothing" : "a single value"}, neither a mapping nor a list.`,
    );
  const name = holder.kind === "list" ? Number(step.scalar) : String(step.scalar);
  const found = holder.entries.get(name);
  if (found !== undefined) return found.node;
  const there = [...holder.entries.keys()].map(String);
  const summary = holder.kind === "list" ? `The list has no item ${String(step.scalar)}` : `The mapping has no ${JSON.stringify(name)}`;
  const length = holder.entries.size;
  const detail =
    holder.kind === "list"
      ? `It has ${length} ${length === 1 ? "item" : "items"}; the first one is 0.`
      : `To do without it, write default(VALUE, OTHERWISE).${suggestion(closest(String(name), there), there)}`;
  throw new MissingFault("unknown-name", at, summary, detail);
}

function rooted(root: string, key: string, at: { readonly name: number; readonly key: number }, scope: Scope, span: Span): Located {
  const own = (value: string | number) => ({ ...scalarNode(value, span), dynamic: false });
  if (root === "var") return scope.variable(key) ?? unknown("variable", "variables", key, scope.variables, at.key);
  if (root === "local") return scope.local(key, at.key) ?? unknown("local value", "locals", key, scope.locals, at.key);
  if (root === "each") {
    if (key !== "key" && key !== "value")
      throw new Fault("unknown-name", at.key, `Unknown name ${JSON.stringify(`each.${key}`)}`, "Write each.key or each.value.");
    if (scope.each === undefined)
      throw new Fault(
        "unknown-name",
        at.name,
        `There is no each.${key} here`,
        "It is the key or value of a copy that for_each makes. Add for_each to the entry.",
      );
    return key === "key" ? own(scope.each.key) : scope.each.value;
  }
  if (root === "count") {
    if (key !== "index") throw new Fault("unknown-name", at.key, `Unknown name ${JSON.stringify(`count.${key}`)}`, "Write count.index.");
    if (scope.index === undefined)
      throw new Fault(
        "unknown-name",
        at.name,
        "There is no count.index here",
        "It is the number of a copy that count makes. Add count to the entry.",
      );
    return own(scope.index);
  }
  throw incomplete(root, at.name, scope);
}

function unknown(noun: string, section: string, key: string, known: readonly string[], at: number): never {
  const nothing = known.length === 0 ? ` No ${section} are declared.` : "";
  const detail = `Declare it under ${section}.${nothing}${suggestion(closest(key, known), known)}`;
  throw new Fault("unknown-name", at, `Unknown ${noun} ${JSON.stringify(key)}`, detail);
}

const forms: Readonly<Record<string, string>> = {
  var: "var.NAME",
  local: "local.NAME",
  each: "each.key or each.value",
  count: "count.index",
};

/** The fault of a name that stands alone or begins in an unknown way. */
function incomplete(name: string, at: number, { variables, locals }: Scope): Fault {
  const form = Object.hasOwn(forms, name) ? forms[name] : undefined;
  if (form !== undefined) return new Fault("unknown-name", at, `${name} is incomplete`, `Write ${form}.`);
  const meant = variables.includes(name) ? `var.${name}` : locals.includes(name) ? `local.${name}` : undefined;
  const detail =
    meant === undefined
      ? `Names begin with var, local, each or count. Write $\${${name}} if the text itself is meant, for example in a script.`
      : `Did you mean ${meant}? Write $\${${name}} if the text itself is meant.`;
  return new Fault("unknown-name", at, `Unknown name ${JSON.stringify(name)}`, detail);
}
