import type { FieldValue } from "../../terms/domain-state.ts";

/** How the text of an extra spec or image property is checked and read. */
export interface ValueRule {
  /** Keywords of the JSON Schema beside type and description. */
  readonly schema: Readonly<Record<string, unknown>> & { readonly examples: readonly string[] };
  /** The value that a valid text stands for; null: as if the key were absent. */
  readonly read: (text: string) => FieldValue | null;
  /** The possible values, for the documentation. */
  readonly words: string;
}

const yes = new Set(["true", "t", "yes", "y", "on", "1"]);

/** A truth value, spelled in any of the ways that OpenStack accepts. */
export const flag: ValueRule = {
  schema: {
    pattern: "^([Tt]|[Tt]rue|TRUE|[Yy]|[Yy]es|YES|[Oo]n|ON|1|[Ff]|[Ff]alse|FALSE|[Nn]|[Nn]o|NO|[Oo]ff|OFF|0)$",
    expects: "true or false, in quotes",
    examples: ["true"],
  },
  read: (text) => yes.has(text.toLowerCase()),
  words: "`true`, `false`",
};

/** A truth value with the opposite meaning. */
export const negatedFlag: ValueRule = { ...flag, read: (text) => !yes.has(text.toLowerCase()) };

/** A whole number. `unit`: what one of it is worth. */
export function count(minimum: number, maximum: number, unit = 1): ValueRule {
  return {
    schema: {
      pattern: "^[0-9]+$",
      number: { minimum, maximum },
      expects: `a whole number from ${minimum} to ${maximum}, in quotes`,
      examples: [String(Math.max(minimum, 1))],
    },
    read: (text) => Number(text) * unit,
    words: `${minimum} to ${maximum}`,
  };
}

/** One of some words. `refused`: values that Nova knows, with the reason why virtform does not take them. */
export function oneOf(values: readonly string[], refused: Readonly<Record<string, string>> = {}): ValueRule {
  return {
    schema: {
      enum: values,
      ...(Object.keys(refused).length === 0 ? {} : { refusedValues: refused }),
      examples: values.slice(0, 1),
    },
    read: (text) => text,
    words: values.map(code).join(", "),
  };
}

/** One of several words, each of which stands for a value of ours. */
export function mapped(values: Readonly<Record<string, FieldValue | null>>, refused: Readonly<Record<string, string>> = {}): ValueRule {
  return { ...oneOf(Object.keys(values), refused), read: (text) => values[text] ?? null };
}

/** Text of a shape. */
export function shaped(pattern: string, expects: string, example: string, read: ValueRule["read"] = (text) => text): ValueRule {
  return { schema: { pattern, expects, examples: [example] }, read, words: expects };
}

function code(word: string): string {
  return ["", word, ""].join("`");
}

/** Any text. */
export function text(example: string): ValueRule {
  return { schema: { maxLength: 255, examples: [example] }, read: (value) => value, words: "text" };
}
