import { closest } from "../model/closest.ts";
import { quoted } from "../model/quoted.ts";
import type { Schema } from "./keywords.ts";
import { describePointer, type Pointer, type Problem, suggestion } from "./problem.ts";
import { elsewhereSlip, formSlip, meantKey, missingSlip, spaceSlip, typeSlip } from "./slips.ts";
import { typeOf } from "./walk.ts";

/** An error of the validator, independent of the validator's types. */
export interface Finding {
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly pointer: Pointer;
  /** The schema that contains the keyword, and the value in question. */
  readonly schema: Schema;
  readonly value: unknown;
  readonly message: string;
}

const typeNames: Readonly<Record<string, string>> = {
  object: "a mapping",
  array: "a list",
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  null: "nothing",
};

/** The problem of a finding. */
export function problemOf(finding: Finding): Problem {
  const { keyword, params, pointer, schema, value } = finding;
  const where = describePointer(pointer);
  const at = (code: string, summary: string, detail: string): Problem => ({ code, summary, detail, pointer, of: "value" });
  switch (keyword) {
    case "additionalProperties":
      return unknownKey(finding, String(params.additionalProperty));
    case "required":
      return missingKey(finding, String(params.missingProperty));
    case "dependentRequired": {
      const [key, needs] = [String(params.property), String(params.missingProperty)];
      return {
        ...at("missing-key", `${key} without ${needs}`, `${where} has ${key}, which requires ${needs}. Add ${needs} or remove ${key}.`),
        pointer: [...pointer, key],
        of: "key",
      };
    }
    case "type": {
      const isPlain = params.type === "string" && (typeof value === "number" || typeof value === "boolean");
      const isQuotable = isPlain && (schema.pattern === undefined || new RegExp(schema.pattern, "u").test(String(value)));
      const form = isPlain && !isQuotable && schema.expects !== undefined ? ` Write ${schema.expects}.` : "";
      return {
        ...at(
          "wrong-type",
          `Expected ${typeNames[String(params.type)] ?? schema.expects ?? "something else"}`,
          `${where} ${value === null ? "has no value" : `is ${nameOf(value)}`}.${typeSlip(String(params.type), value, schema, pointer)}${form}`,
        ),
        ...(isQuotable ? { quoted: true } : {}),
      };
    }
    case "enum": {
      const refused = schema.refusedValues?.[String(value)];
      if (refused !== undefined)
        return at("not-supported", `${quoted(value)} is not supported`, `${where} cannot have this value. ${refused}`);
      const possible = (schema.enum ?? []).map(String);
      const meant = schema.valueSynonyms?.[String(value).toLowerCase().replaceAll("-", "_")];
      return at(
        "wrong-value",
        `${quoted(value)} is not a valid value`,
        `${where} has a fixed set of values.${suggestion(meant ?? closest(String(value), possible), possible)}${meant === undefined ? alternatives(String(value), possible) : ` Possible: ${possible.join(", ")}.`}`,
      );
    }
    case "propertyNames":
      return {
        ...at("bad-name", `${quoted(params.propertyName)} is not a valid name`, `Expected ${schema.expects ?? "another name"}.`),
        pointer: [...pointer, String(params.propertyName)],
        of: "key",
      };
    case "minimum":
    case "exclusiveMinimum":
    case "maximum":
      return at("out-of-range", `${String(value)} is out of range`, `${where} must be ${limitWord[keyword]} ${String(params.limit)}.`);
    case "maxLength":
    case "minLength":
      return at(
        "wrong-length",
        value === "" ? "Empty text" : `Text of ${String(value).length} characters`,
        `${where} must have at ${keyword === "maxLength" ? "most" : "least"} ${String(params.limit)} characters.`,
      );
    case "maxItems":
      return at("too-many", "Too many entries", `${where} may have at most ${String(params.limit)}.`);
    case "uniqueItems": {
      const twice: unknown = Array.isArray(value) ? value[Number(params.i)] : undefined;
      return at("wrong-value", `${where} has ${JSON.stringify(twice)} twice`, "Remove one of them.");
    }
    default:
      return at(
        "wrong-value",
        `${where} is not valid`,
        `Expected ${schema.expects ?? `something that ${finding.message}`}.${formSlip(value, schema, pointer)}`,
      );
  }
}

const limitWord: Readonly<Record<string, string>> = { minimum: "at least", exclusiveMinimum: "more than", maximum: "at most" };

/** Describes the expected value without showing the actual one. */
export function expectation(pointer: Pointer, schema: Schema): Problem {
  const detail = `Expected ${schema.expects ?? "something else"}.`;
  return { code: "wrong-value", summary: `${describePointer(pointer)} is not valid`, detail, pointer, of: "value" };
}

function unknownKey({ pointer, schema }: Finding, key: string): Problem {
  const where = describePointer(pointer);
  const at = { pointer: [...pointer, key], of: "key" } as const;
  const refused = refusalOf(schema.refusedKeys ?? {}, key);
  if (refused !== undefined)
    return {
      code: "not-supported",
      summary: `${JSON.stringify(key)} is not supported`,
      detail: `${where.replace(/^the /, "The ")} cannot have it. ${refused}`,
      ...at,
    };
  const known = Object.keys(schema.properties ?? {});
  const belongs = spaceSlip(key, schema) ?? elsewhereSlip(key, schema);
  const meant = belongs === undefined ? meantKey(key, schema) : undefined;
  if (schema.openKeys !== undefined) {
    const { noun, hint } = schema.openKeys;
    return {
      code: "unknown-key",
      summary: `Unknown ${noun} ${JSON.stringify(key)}`,
      detail: `No guest would have it.${suggestion(meant, [])} ${hint}`,
      ...(meant === undefined ? {} : { meant }),
      ...at,
    };
  }
  return {
    code: "unknown-key",
    summary: `Unknown key ${JSON.stringify(key)}`,
    detail: `${where.replace(/^the /, "The ")} has no such key.${belongs === undefined ? suggestion(meant, known) : ` ${belongs}`}`,
    ...(meant === undefined ? {} : { meant }),
    ...at,
  };
}

/** Why a key is rejected; undefined for one that is not in the list. */
function refusalOf(refused: Readonly<Record<string, string>>, key: string): string | undefined {
  if (Object.hasOwn(refused, key)) return refused[key];
  return Object.entries(refused).find(([name]) => name.endsWith("*") && key.startsWith(name.slice(0, -1)))?.[1];
}

function missingKey({ pointer, schema, value }: Finding, key: string): Problem {
  const wanted = schema.properties?.[key];
  const about = wanted?.description;
  const choice = wanted?.meanings === undefined ? "" : ` One of ${wanted.enum?.join(", ")}.`;
  const guess = missingSlip(key, value, wanted ?? {});
  return {
    code: "missing-key",
    summary: `Missing key ${JSON.stringify(key)}`,
    detail: `${describePointer(pointer)} needs it${about === undefined ? "." : `: ${about}`}${choice}${guess}`,
    missing: key,
    pointer,
    of: "key",
  };
}

function nameOf(value: unknown): string {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return `the number ${value}`;
  return typeNames[typeOf(value)] ?? "something else";
}

function alternatives(value: string, possible: readonly string[]): string {
  return closest(value, possible) === undefined ? "" : ` Possible: ${possible.join(", ")}.`;
}
