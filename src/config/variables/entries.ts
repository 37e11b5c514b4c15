import type { Diagnostic, Place } from "../../model/diagnostic.ts";
import type { Schema } from "../keywords.ts";
import { heaviest } from "../locate.ts";
import { type Entry, type Located, placeOf, withEntries } from "../located.ts";
import { expand, failed, type Report, reportKey, tooManyValues } from "./expand.ts";
import type { Scope } from "./scope.ts";

/** More copies are refused. */
const mostEntries = 100_000;

/** The entries of a section, and whether some are missing because of a mistake that was reported. */
export interface ExpandedEntries {
  readonly entries: ReadonlyMap<string | number, Entry>;
  readonly incomplete: boolean;
}

/** How the entries of a section are written and multiplied. */
export interface EntryRules {
  readonly section: string;
  readonly schema: Schema | undefined;
  /** The key that multiplies an entry, if the section has one. */
  readonly counted: string | undefined;
}

/**
 * The entries of a section with `for_each` written out and with expressions evaluated. A copy is named NAME-KEY. Copies of `count` are written
 * out only where `count.index` makes them differ.
 */
export function expandEntries(section: Located, rules: EntryRules, scope: Scope, report: Report): ExpandedEntries {
  const entries = new Map<string | number, Entry>();
  let incomplete = false;
  let weight = 0;
  for (const [key, entry] of section.entries) {
    const copies = copiesOf(String(key), entry, scope, report);
    incomplete ||= copies === undefined;
    const isKey = String(key).includes("${");
    if (isKey) reportKey(entry, report);
    for (const copy of copies ?? [])
      for (const [name, counted] of numbered(copy, rules, report)) {
        const before = entries.get(name);
        if (before !== undefined) {
          incomplete = true;
          report(collision(rules.section, name, before, entry));
          continue;
        }
        const node = isKey ? failed(entry.node.span) : expand(counted.entry.node, rules.schema, counted.scope, report);
        // The weight of what is written was checked when the file was read.
        if (node !== entry.node) weight += node.weight;
        if (entries.size >= mostEntries || weight > heaviest) {
          report(weight > heaviest ? tooManyValues(placeOfEntry(entry)) : tooMany(rules.section, placeOfEntry(entry)));
          return { entries, incomplete: true };
        }
        entries.set(name, { ...counted.entry, node });
      }
  }
  return { entries, incomplete };
}

interface Copy {
  readonly name: string;
  readonly entry: Entry;
  readonly scope: Scope;
}

/** The copies that `for_each` makes. Undefined when it has no usable value. */
function copiesOf(name: string, entry: Entry, scope: Scope, report: Report): Copy[] | undefined {
  const given = entry.node.kind === "map" ? entry.node.entries.get("for_each") : undefined;
  if (given === undefined) return [{ name, entry, scope }];
  const each = expand(given.node, undefined, scope, report);
  if (each.failed === true) return undefined;
  const rest = withEntries(entry.node, new Map([...entry.node.entries].filter(([key]) => key !== "for_each")));
  const wrong = (code: string, summary: string, detail: string, node: Located) => {
    report({
      severity: "error",
      code,
      summary,
      detail,
      at: placeOf(given.node.kind === "scalar" || node === each ? given.node.span : node.span),
    });
    return undefined;
  };
  const form = "for_each is a list of texts, or a mapping whose keys name the copies.";
  if (each.kind === "scalar") return wrong("wrong-type", "Expected a list or a mapping", form, each);
  const copies = new Map<string, Copy>();
  for (const [step, { node }] of each.entries) {
    if (each.kind === "list" && (node.kind !== "scalar" || node.scalar === null || typeof node.scalar === "boolean"))
      return wrong("wrong-type", "Expected text", `${form} For copies with values of their own write a mapping.`, node);
    const key = each.kind === "list" ? String(node.scalar) : String(step);
    if (key === "") return wrong("bad-name", "A copy needs a key", `${form} An empty text names no copy.`, node);
    if (copies.has(key))
      return wrong(
        "duplicate-value",
        `${JSON.stringify(key)} is in the list twice`,
        "The items of for_each name the copies, so each can be in it once.",
        node,
      );
    const note = `This is the copy of ${name} with each.key ${JSON.stringify(key)}.`;
    copies.set(key, {
      name: `${name}-${key}`,
      entry: { ...entry, node: { ...withNote(rest, note), copy: key } },
      scope: { ...scope, note, each: { key, value: node } },
    });
  }
  return [...copies.values()];
}

/** A value with one more sentence about where it comes from. */
export function withNote(node: Located, note: string): Located {
  return { ...node, note: node.note === undefined ? note : `${note} ${node.note}` };
}

/** The copies that `count` makes, where they differ; otherwise the one entry, whose `count` stays. */
function* numbered({ name, entry, scope }: Copy, { counted, schema }: EntryRules, report: Report): Generator<[string, Copy]> {
  const given = counted === undefined ? undefined : entry.node.entries.get(counted);
  if (given === undefined || !usesIndex(entry.node)) return yield [name, { name, entry, scope }];
  const count = expand(given.node, counted === undefined ? undefined : schema?.properties?.[counted], scope, report).scalar;
  if (typeof count !== "number" || !Number.isInteger(count) || count < 0 || count > mostEntries)
    return yield [name, { name, entry, scope: { ...scope, index: 0 } }];
  const node = withEntries(entry.node, new Map([...entry.node.entries].filter(([key]) => key !== counted)));
  for (let index = 0; index < count; index += 1) {
    const own = `This is the copy of ${name} with count.index ${index}.`;
    const note = scope.note === undefined ? own : `${scope.note} ${own}`;
    yield [
      `${name}-${index}`,
      { name, entry: { ...entry, node: { ...withNote(node, own), copy: index } }, scope: { ...scope, note, index } },
    ];
  }
}

/** Whether a text in it may have `count.index`. */
function usesIndex(node: Located): boolean {
  if (!node.dynamic) return false;
  if (node.kind === "scalar") return /\bcount\s*[.[]/.test(String(node.scalar));
  return [...node.entries.values()].some((entry) => usesIndex(entry.node));
}

function placeOfEntry({ key, node }: Entry): Place {
  return placeOf(key ?? node.span);
}

function collision(section: string, name: string, before: Entry, entry: Entry): Diagnostic {
  const { file, line, column } = placeOfEntry(before);
  const summary = `Two ${section} are named ${JSON.stringify(name)}`;
  const detail = `The other one is declared in ${file}:${line}:${column}. With for_each, NAME becomes NAME-KEY. Rename one of them.`;
  return { severity: "error", code: "name-collision", summary, detail, at: placeOfEntry(entry) };
}

function tooMany(section: string, at: Place) {
  const detail = `There are at most ${mostEntries} with all copies of for_each and count.`;
  return { severity: "error", code: "too-many", summary: `Too many ${section}`, detail, at } as const;
}
