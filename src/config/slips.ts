import { closest } from "../model/closest.ts";
import type { Schema } from "./keywords.ts";
import type { Pointer } from "./problem.ts";
import { typeOf } from "./walk.ts";

// Sentences for messages, each with a blank in front, about usual slips: what to write instead. Empty where there is none.

/** What to write where another type was expected. */
export function typeSlip(expected: string, value: unknown, schema: Schema, pointer: Pointer): string {
  if (value === null) return " Write a value after the colon, or remove the key.";
  if (expected === "integer" || expected === "number" || expected === "boolean") return scalarSlip(expected, value);
  if (expected === "object" && Array.isArray(value) && isSection(schema)) return namesSlip(value, pointer);
  if (expected === "string" && schema.reference !== undefined && typeOf(value) === "object")
    return ` Write the name of an entry of ${schema.reference}, and declare the entry there.`;
  return expected === "array" || expected === "object" ? exampleSlip(schema, pointer) : "";
}

/** What to write where none of several forms fits. */
export function formSlip(value: unknown, schema: Schema, pointer: Pointer): string {
  const key = String(pointer.at(-1) ?? "");
  if (schema.textInput !== undefined && value === null)
    return ` It is empty: everything behind # is a comment. For a text write "${key}: |", and the text in the lines below it, indented further.`;
  if (schema.textInput !== undefined && typeOf(value) === "object")
    return ` This is a mapping. For a text of several lines write "${key}: |" and indent the lines below it, also a first line such as #cloud-config.`;
  return schema.anyOf?.some(({ type }) => type === "boolean") === true ? booleanSlip(value) : "";
}

/** What to write for a number or a boolean where the value is a text. */
export function scalarSlip(expected: "integer" | "number" | "boolean", value: unknown): string {
  if (expected === "boolean") return booleanSlip(value);
  return typeof value === "string" && /^\d+$/.test(value) ? ` Write it without quotes: ${value}.` : "";
}

function booleanSlip(value: unknown): string {
  if (value === 0 || value === 1) return ` Write ${value === 1}.`;
  if (typeof value !== "string") return "";
  if (/^(yes|y|on|true|1)$/i.test(value)) return " Write true, without quotes.";
  return /^(no|n|off|false|0)$/i.test(value) ? " Write false, without quotes." : "";
}

function isSection({ additionalProperties }: Schema): boolean {
  return typeof additionalProperties === "object" && additionalProperties.type === "object";
}

/** A section that is a list of entries with names, instead of a mapping. */
function namesSlip(value: readonly unknown[], pointer: Pointer): string {
  const name = (value[0] as { readonly name?: unknown } | null | undefined)?.name;
  const key = typeof name === "string" && /^[\w.-]+$/.test(name) ? name : "NAME";
  return ` Names are keys: ${String(pointer.at(-1) ?? "")}: { ${key}: { … } }.`;
}

function exampleSlip({ examples }: Schema, pointer: Pointer): string {
  const [example] = examples ?? [];
  if (example === undefined || typeof example !== "object") return "";
  const key = pointer.at(-1);
  return ` For example: ${typeof key === "string" ? `${key}: ` : ""}${flow(example)}.`;
}

/** A value as YAML in one line. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value !== "object" || value === null)
    return typeof value === "string" && !/^(?:[A-Za-z./]|\d+[A-Za-z])[\w./-]*$/.test(value) ? JSON.stringify(value) : String(value);
  return `{ ${Object.entries(value)
    .map(([key, part]) => `${/^[\w.-]+$/.test(key) ? key : JSON.stringify(key)}: ${flow(part)}`)
    .join(", ")} }`;
}

/** The key that an unknown one stands for in other programs, or a similar one. */
export function meantKey(key: string, { synonyms = {}, properties = {} }: Schema): string | undefined {
  const same = key.toLowerCase().replaceAll("-", "_");
  const known = Object.hasOwn(synonyms, same) ? synonyms[same] : undefined;
  return known ?? closest(key, Object.keys(properties));
}

/** Where something belongs that is written in the wrong entry. */
export function elsewhereSlip(key: string, { elsewhere = {} }: Schema): string | undefined {
  const same = key.toLowerCase().replaceAll("-", "_");
  return Object.hasOwn(elsewhere, same) ? elsewhere[same] : undefined;
}

/** What to write for `key:value`, which YAML takes for a key where a mapping is in braces. */
export function spaceSlip(key: string, { properties = {} }: Schema): string | undefined {
  const name = /^([^:]+):./.exec(key)?.[1];
  return name !== undefined && Object.hasOwn(properties, name) ? `Write a space between ${name}: and its value.` : undefined;
}

/** The value of a missing key that the value of another one suggests. */
export function missingSlip(key: string, value: unknown, { guess }: Schema): string {
  const text = guess === undefined ? undefined : (value as Readonly<Record<string, unknown>> | null)?.[guess.from];
  if (guess === undefined || typeof text !== "string") return "";
  const ending = /\.([a-z0-9]+)(?:[?#].*)?$/i.exec(text)?.[1]?.toLowerCase() ?? "";
  const found = Object.hasOwn(guess.endings, ending) ? guess.endings[ending] : undefined;
  return found === undefined ? "" : ` Going by its name, write ${key}: ${found}.`;
}
