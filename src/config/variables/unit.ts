import { dirname, relative, resolve } from "node:path";
import type { Diagnostic, Place } from "../../model/diagnostic.ts";
import type { Schema } from "../keywords.ts";
import { type Entry, type Located, placeOf, withEntries } from "../located.ts";
import { type Bound, bindVariables } from "./bind.ts";
import { type ExpandedEntries, expandEntries, withNote } from "./entries.ts";
import { expand, type Report } from "./expand.ts";
import { Fault, ReportedFault } from "./fault.ts";
import type { Given } from "./given.ts";
import { withPrefix } from "./prefix.ts";
import type { Scope } from "./scope.ts";

/** The keys of a file that are about the file itself, and are not part of the configuration that it stands for. */
export const ownKeys: readonly string[] = ["variables", "locals", "include"];

/** What a unit needs of the loader. */
export interface Surroundings {
  readonly schema: Schema;
  /** Names of files are shown relative to it. */
  readonly cwd: string;
  readonly report: Report;
  /** Reads and merges the files at a path. Undefined when that failed, which has been reported. */
  readonly read: (path: string, at: Place) => Promise<Located | undefined>;
  /** Counts the modules that are read. */
  readonly modules: { count: number };
  /** Reports mistakes in the own keys of a unit. */
  readonly check: (unit: Located) => Promise<void>;
}

/** A configuration or a module as it is written, and the values for its variables. */
interface Unit {
  readonly root: Located;
  readonly given: ReadonlyMap<string, Given>;
  readonly where: (name: string) => string;
  /** Where it is included. Absent for the configuration itself. */
  readonly at?: Place;
  /** The paths of the modules that it is in. */
  readonly inside: readonly string[];
}

/** What a unit stands for. */
export interface ExpandedUnit {
  readonly root: Located;
  readonly variables: ReadonlyMap<string, Bound>;
  /** The names of the variables that were used. */
  readonly used: ReadonlySet<string>;
  /** Sections in which entries are missing because of a mistake that was reported. */
  readonly incomplete: ReadonlySet<string>;
}

const deepest = 10;
const mostModules = 1000;
/** Local values that need each other in a row; each level takes a part of the stack. */
const longestChain = 100;

/** Evaluates a unit: its variables and locals, then its sections with `for_each` written out, then the modules that it includes. */
export async function expandUnit(unit: Unit, surroundings: Surroundings): Promise<ExpandedUnit> {
  const { schema, report } = surroundings;
  const part = (key: string) => unit.root.entries.get(key)?.node;
  await surroundings.check(unit.root);
  const variables = bindVariables(part("variables"), unit.given, {
    where: unit.where,
    report,
    ...(unit.at === undefined ? {} : { at: unit.at }),
  });
  const used = new Set<string>();
  const scope = scopeOf(variables, part("locals"), used, report);
  const sections = new Map<string | number, Entry>();
  const incomplete = new Set<string>();
  for (const [key, entry] of unit.root.entries) {
    const name = String(key);
    if (ownKeys.includes(name) || name.startsWith("x-")) continue;
    const section = schema.properties?.[name];
    const isNamed = typeof section?.additionalProperties === "object" && entry.node.kind === "map";
    if (unit.at !== undefined && !isNamed && Object.hasOwn(schema.properties ?? {}, name)) {
      report(notInModule(name, entry));
    } else if (isNamed) {
      const rules = { section: name, schema: section.additionalProperties as Schema, counted: section.counted };
      const expanded = expandEntries(entry.node, rules, scope, report);
      if (expanded.incomplete) incomplete.add(name);
      sections.set(key, { ...entry, node: withEntries(entry.node, expanded.entries) });
    } else {
      sections.set(key, { ...entry, node: expand(entry.node, section, scope, report) });
    }
  }
  for (const name of scope.locals) tryLocal(scope, name);
  const include = part("include");
  if (include?.kind === "map") {
    const rules = { section: "include", schema: undefined, counted: undefined };
    const modules: ExpandedEntries = expandEntries(include, rules, scope, report);
    const all = Object.keys(schema.properties ?? {});
    const add = (missing: Iterable<string>) => {
      for (const section of missing) incomplete.add(section);
    };
    if (modules.incomplete) add(all);
    for (const [name, entry] of modules.entries) {
      const module = await includeModule(String(name), entry, unit, surroundings);
      add(module?.incomplete ?? all);
      if (module !== undefined) addSections(sections, module.root, entry, report);
    }
  }
  return { root: withEntries(unit.root, sections), variables, used, incomplete };
}

function notInModule(name: string, { key, node }: Entry): Diagnostic {
  const summary = `${name} is not possible in an included file`;
  const detail = `It is written once, in the configuration that includes the file. Remove it here.`;
  return { severity: "error", code: "key-not-allowed", summary, detail, at: placeOf(key ?? node.span) };
}

function tryLocal(scope: Scope, name: string): void {
  try {
    scope.local(name, 0);
  } catch (error) {
    if (!(error instanceof ReportedFault)) throw error;
  }
}

/** Local values are evaluated at their first use, so that they can use each other in any order. */
function scopeOf(variables: ReadonlyMap<string, Bound>, locals: Located | undefined, used: Set<string>, report: Report): Scope {
  const evaluated = new Map<string, Located | "open">();
  let chain = 0;
  const declared = locals?.kind === "map" ? locals.entries : new Map<string | number, Entry>();
  const evaluateLocal = (name: string, node: Located, at: number): Located => {
    if (chain >= longestChain) {
      const detail = `At most ${longestChain} local values may need each other in a row.`;
      throw new Fault("local-cycle", at, `local.${name} is needed through too many others`, detail);
    }
    evaluated.set(name, "open");
    chain += 1;
    const value = expand(node, undefined, scope, report);
    chain -= 1;
    evaluated.set(name, value);
    return value;
  };
  const scope: Scope = {
    variables: [...variables.keys()],
    locals: [...declared.keys()].map(String),
    variable: (name) => {
      const value = variables.get(name)?.value;
      used.add(name);
      if (value?.failed === true) throw new ReportedFault();
      return value;
    },
    local: (name, at) => {
      const known = evaluated.get(name);
      if (known === "open") {
        const detail = "Its value needs the value itself. Remove one of the expressions in the circle.";
        throw new Fault("local-cycle", at, `local.${name} refers to itself`, detail);
      }
      const entry = declared.get(name);
      if (entry === undefined) return undefined;
      const value = known ?? evaluateLocal(name, entry.node, at);
      if (value.failed === true || value.hasFailed === true) throw new ReportedFault();
      return value;
    },
  };
  return scope;
}

/** Undefined when it cannot be included, which has been reported. */
async function includeModule(name: string, entry: Entry, unit: Unit, surroundings: Surroundings): Promise<ExpandedUnit | undefined> {
  const { report, cwd, schema } = surroundings;
  const { node } = entry;
  const path = node.entries.get("path")?.node;
  const prefix = node.entries.get("prefix")?.node;
  // The schema reports other forms.
  if (node.failed === true || typeof path?.scalar !== "string" || path.scalar === "") return undefined;
  if (prefix !== undefined && typeof prefix.scalar !== "string") return undefined;
  const at = placeOf(entry.key ?? node.span);
  const absolute = resolve(dirname(path.base ?? path.span.source.path), path.scalar);
  const refuse = (code: string, summary: string, detail: string) => {
    report({ severity: "error", code, summary, detail, at: placeOf(path.span) });
    return undefined;
  };
  if (unit.inside.includes(absolute))
    return refuse("include-cycle", "The file includes itself", "It is included by itself, or by a file that it includes.");
  if (unit.inside.length >= deepest) return refuse("include-cycle", "Too many levels of include", `There are at most ${deepest}.`);
  surroundings.modules.count += 1;
  if (surroundings.modules.count > mostModules) return refuse("include-cycle", "Too many modules", `There are at most ${mostModules}.`);
  const root = await surroundings.read(relative(cwd, absolute) || ".", placeOf(path.span));
  if (root === undefined) return undefined;
  const variables = node.entries.get("variables")?.node;
  const given = new Map<string, Given>();
  for (const [variable, { key, node: value }] of variables?.entries ?? [])
    given.set(String(variable), { node: value, isText: false, ...(key === undefined ? {} : { key }) });
  const where = () => `Write it under variables of include.${name}, or give it a default in ${root.span.source.file}.`;
  const expanded = await expandUnit({ root, given, where, at, inside: [...unit.inside, absolute] }, surroundings);
  const written = typeof prefix?.scalar === "string" ? prefix.scalar : `${name}-`;
  return { ...expanded, root: withPrefix(expanded.root, written, schema) };
}

/** Adds what a module declares. A name that is declared twice is an error. */
function addSections(sections: Map<string | number, Entry>, module: Located, include: Entry, report: Report): void {
  const { file, line } = placeOf(include.key ?? include.node.span);
  for (const [name, section] of module.entries) {
    const there = sections.get(name);
    const entries = new Map(there?.node.entries ?? []);
    if (there !== undefined && there.node.kind !== "map") continue;
    for (const [key, entry] of section.node.entries) {
      const before = entries.get(key);
      const node = withNote(entry.node, `It is included by ${file}:${line}.`);
      if (before === undefined) {
        entries.set(key, { ...entry, node });
        continue;
      }
      const place = placeOf(before.key ?? before.node.span);
      const detail = `It is already declared in ${place.file}:${place.line}:${place.column}. Rename one of them, or write another prefix where the file is included, ${file}:${line}.`;
      report({
        severity: "error",
        code: "declared-twice",
        summary: `${name}.${key} is declared twice`,
        detail,
        at: placeOf(entry.key ?? entry.node.span),
      });
    }
    const base = there?.node ?? section.node;
    sections.set(name, { ...(there ?? section), node: withEntries(base, entries) });
  }
}
