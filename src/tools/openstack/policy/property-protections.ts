import type { RuleMistake } from "./policy-file.ts";

/** What can be done with a property. */
export const propertyOperations = ["create", "read", "update", "delete"] as const;
export type PropertyOperation = (typeof propertyOperations)[number];

/** One section of a file of property protections: properties that the pattern is found in, and who may do what with them. */
export interface PropertySection {
  readonly name: string;
  readonly pattern: RegExp;
  /** `./property-protections.conf:12`. */
  readonly place: string;
  /** Roles in lower case, `@` for all, `!` for none; in the format `policies` the name of one rule. */
  readonly allowed: Readonly<Record<PropertyOperation, readonly string[]>>;
}

const mostLines = 10_000;

/**
 * Reads Glance's file of property protections: sections whose names are regular expressions, each with create, read, update and delete. What
 * Python's ConfigParser would read in another way than it looks is a mistake. Every mistake is given. Pure.
 */
export function readPropertyProtections(
  path: string,
  text: string,
  format: "roles" | "policies",
): { readonly sections: readonly PropertySection[]; readonly mistakes: readonly RuleMistake[] } {
  const mistakes: RuleMistake[] = [];
  const drafts: { name: string; place: string; allowed: Partial<Record<PropertyOperation, readonly string[]>> }[] = [];
  for (const [index, line] of text.split(/\r?\n/).slice(0, mostLines).entries()) {
    const place = `${path}:${index + 1}`;
    if (/^\s*(?:[#;].*)?$/.test(line)) continue;
    const mistake = (what: string) => void mistakes.push({ place, what });
    const header = /^\[(.+)\]\s*$/.exec(line)?.[1];
    const current = drafts.at(-1);
    if (header !== undefined) {
      if (header === "DEFAULT") mistake("The section DEFAULT is not supported. Write its lines into each section.");
      else if (drafts.some(({ name }) => name === header)) mistake(`Section [${header}] is there twice.`);
      drafts.push({ name: header, place, allowed: {} });
      continue;
    }
    const [, key = "", value = ""] = /^(\S[^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    const operation = propertyOperations.find((one) => one === key.toLowerCase());
    if (/^\s/.test(line)) mistake("A line that begins with a blank continues the one before. Write each value on one line.");
    else if (key === "") mistake("Expected a section [PATTERN], or create, read, update or delete with its value.");
    else if (current === undefined) mistake(`${key} is outside of any section.`);
    else if (operation === undefined) mistake(`${key} is not known: create, read, update and delete are.`);
    else if (current.allowed[operation] !== undefined) mistake(`${operation} is there twice in [${current.name}].`);
    else current.allowed[operation] = valuesOf(value, format, mistake);
  }
  if (text.split("\n").length > mostLines)
    mistakes.push({ place: `${path}:${mostLines}`, what: `The file has more than ${mostLines} lines.` });
  const sections = drafts.flatMap(({ name, place, allowed }): PropertySection[] => {
    const missing = propertyOperations.filter((one) => allowed[one] === undefined);
    if (missing.length > 0) mistakes.push({ place, what: `[${name}] lacks ${missing.join(", ")}. Glance needs all four.` });
    const pattern = patternOf(name);
    if (typeof pattern === "string") mistakes.push({ place, what: pattern });
    const { create = [], read = [], update = [], delete: remove = [] } = allowed;
    return typeof pattern === "string" ? [] : [{ name, pattern, place, allowed: { create, read, update, delete: remove } }];
  });
  return { sections, mistakes };
}

function valuesOf(value: string, format: "roles" | "policies", mistake: (what: string) => void): string[] {
  // Python replaces %(…)s, and refuses any other percent sign.
  if (value.includes("%")) mistake("A percent sign is not supported.");
  if (/\s[#;]/.test(value)) mistake("A comment has a line of its own.");
  const words = value
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  if (words.includes("@") && words.includes("!")) mistake("@ and ! exclude each other.");
  if (format === "policies" && words.length > 1) mistake("One rule is expected. Combine several in the policy file.");
  return format === "policies" ? words : words.map((word) => word.toLowerCase());
}

/** The pattern where Python and JavaScript read it in the same way; else a sentence. */
function patternOf(name: string): RegExp | string {
  // Matching a repeated group can take longer than any plan.
  if (/(?<!\\)\)[*+{]/.test(name)) return `[${name}] repeats a group, which is not supported.`;
  if (/\(\?|\\(?![dDwWsSbB])[A-Za-z0-9]|[*+?}][+]/.test(name)) return `[${name}] has groups, references or anchors that are not supported.`;
  if (/\[\^?\]|\{,/.test(name)) return `[${name}] has [] or {, which Python reads in another way. Write \\] within brackets, and {0,N}.`;
  if (effortOf(name) > mostEffort)
    return `[${shortened(name)}] has too many repetitions, options and alternatives: matching it can take minutes.`;
  try {
    return new RegExp(name);
  } catch {
    return `[${name}] is not a regular expression.`;
  }
}

const longestName = 255;
/** In bits, as `effortOf` counts. */
const mostEffort = 28;

/**
 * How many ways there may be to match a pattern in a name of the greatest length, as a power of two: each place where it can begin and each end of a
 * repetition counts 7 bits, an option 1, and the alternatives of a group as many as number them.
 */
function effortOf(name: string): number {
  const plain = name.replaceAll(/\\.|\[\^?[^\]]*\]/g, "x");
  const count = (character: RegExp) => plain.match(character)?.length ?? 0;
  const alternatives: number[] = [];
  const open: number[] = [];
  for (const character of plain) {
    if (character === "(") open.push(1);
    else if (character === ")") alternatives.push(open.pop() ?? 1);
    else if (character === "|" && open.length > 0) open.push((open.pop() ?? 1) + 1);
  }
  const choices = alternatives.reduce((bits, number) => bits + Math.log2(number), 0);
  return (plain.startsWith("^") ? 0 : 7) + 7 * count(/[*+{]/g) + count(/\?/g) + choices;
}

function shortened(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}

/** The section that decides about a property: the first one whose pattern is found in its name. Undefined: it is forbidden. Pure. */
export function sectionFor(sections: readonly PropertySection[], property: string): PropertySection | undefined {
  // Glance has no longer names, and the effort of patterns is limited for these.
  if (property.length > longestName) return undefined;
  return sections.find(({ pattern }) => pattern.test(property));
}
