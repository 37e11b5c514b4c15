import { dirname } from "node:path";
import type { Diagnostic, Place } from "../model/diagnostic.ts";
import type { UsedVariable } from "../model/used-variable.ts";
import { checkCounts } from "./check-counts.ts";
import { checkCredentials } from "./check-credentials.ts";
import { checkDigest } from "./check-digest.ts";
import { checkEarlierName } from "./check-earlier-names.ts";
import { checkLength } from "./check-length.ts";
import { checkNumber } from "./check-number.ts";
import { checkReference } from "./check-references.ts";
import { checkSize } from "./check-sizes.ts";
import { checkSupport } from "./check-support.ts";
import { checkTogether } from "./check-together.ts";
import { checkUri } from "./check-uri.ts";
import { type ConfigLine, describeConfig } from "./describe.ts";
import { findFiles } from "./find-files.ts";
import type { Schema } from "./keywords.ts";
import { entryAt, type Located, notesAt, placeAt, toPlain, withEntries, withoutCredentials } from "./located.ts";
import { mergeFiles } from "./merge.ts";
import { parseYaml } from "./parse-yaml.ts";
import type { Pointer, Problem } from "./problem.ts";
import { proposedProject } from "./proposed-project.ts";
import { readText } from "./read-text.ts";
import { resolveInputs } from "./resolve-inputs.ts";
import { collectGiven, type VariableInputs } from "./variables/given.ts";
import { usedVariables } from "./variables/shown.ts";
import { type ExpandedUnit, expandUnit, ownKeys } from "./variables/unit.ts";
import { type Visit, walk } from "./walk.ts";

const longestFile = 4 * 1024 * 1024;

/** The schema of a configuration, and its compiled form. */
export interface Rules {
  readonly schema: object;
  /** A faster check, compiled from the same schema. True for a valid value; it says nothing about what is wrong with another one. */
  readonly accepts?: ((value: unknown) => boolean) | undefined;
  /** A top-level key that every configuration needs, although the schema can do without it. */
  readonly needed?: NeededKey;
}

/** A key whose value is proposed from the name of the directory that the configuration is in. */
export interface NeededKey {
  readonly key: string;
  readonly code: string;
  readonly summary: string;
  /** Why it is needed; the proposal follows. */
  readonly why: string;
  /** What cannot be part of the value. */
  readonly not: RegExp;
}

/** The content of the configuration files. */
export interface LoadedConfig {
  /** Of the schema's type, with absolute paths, files read and sizes in bytes, unless `diagnostics` holds errors. */
  readonly config: unknown;
  /** Every mistake and warning, by file and line. */
  readonly diagnostics: readonly Diagnostic[];
  /** The files that were read, as people name them. */
  readonly files: readonly string[];
  /** The absolute path of the directory of the first one. Undefined if none was found. */
  readonly directory: string | undefined;
  /** The place of a value, or of the nearest one above it that is written. Undefined if nothing was read. */
  readonly place: (pointer: Pointer) => Place | undefined;
  /** Which copy of `for_each` or `count` an entry of a section is: its key or its number. Undefined for one that is written once. */
  readonly copyOf: (pointer: Pointer) => string | number | undefined;
  /** The variables that the configuration uses, with their values. */
  readonly variables: readonly UsedVariable[];
  /** All variables that are declared. */
  readonly variableNames: readonly string[];
  /** The configuration with everything written out, before paths, files and sizes are resolved: as data, and as YAML with the places. */
  readonly written: () => { readonly value: unknown; readonly lines: readonly ConfigLine[] };
}

/** Where a configuration is read, and what its variables are. */
export interface LoadOptions extends VariableInputs {
  readonly cwd?: string;
}

/**
 * Reads, merges and checks configuration files. A path is a file, or a directory that holds `virtform.yaml` and
 * `*.virtform.yaml`; none means the current directory. Mistakes never throw: they are all in `diagnostics`.
 */
export async function loadConfig(paths: readonly string[], options: Rules & LoadOptions): Promise<LoadedConfig> {
  const schema = options.schema as Schema;
  const cwd = options.cwd ?? process.cwd();
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic) => void diagnostics.push(diagnostic);
  const first = await readMerged(paths.length === 0 ? ["."] : paths, cwd, schema);
  const files = [...first.files];
  const { directory } = first;
  diagnostics.push(...first.diagnostics);
  const nothing = {
    variables: [],
    variableNames: [],
    written: () => ({ value: {}, lines: [] }),
    place: () => undefined,
    copyOf: () => undefined,
  };
  if (first.root === undefined) return { config: undefined, diagnostics: inOrder(diagnostics, files), files, directory, ...nothing };

  const given = await collectGiven(options, cwd);
  diagnostics.push(...given.diagnostics);
  let whole = first.whole;
  const unit = {
    root: first.root,
    given: given.values,
    where: (name: string) => `Give it one: --var ${name}=VALUE, --var-file FILE, or VIRTFORM_VAR_${name} in the environment.`,
    inside: [],
  };
  const modules = { count: 0 };
  const expanded = await expandUnit(unit, {
    schema,
    cwd,
    report,
    modules,
    check: async (root) => void diagnostics.push(...(await checkOwnKeys(options, root))),
    read: async (path, at) => {
      const read = await readMerged([path], cwd, schema);
      files.push(...read.files.filter((file) => !files.includes(file)));
      diagnostics.push(...read.diagnostics.map((diagnostic) => ({ at, ...diagnostic })));
      whole &&= read.whole;
      return read.root;
    },
  });
  const { root } = expanded;
  const config = toPlain(root);
  const written = () => ({ value: toPlain(root), lines: describeConfig(root) });
  // References to entries of an unreadable file must not be reported as unknown.
  if (whole) {
    const problems = (await checkAll(options, config, root)).filter((problem) => !isConsequence(problem, expanded));
    diagnostics.push(...onceForCopies(problems, root));
    if (options.needed !== undefined) diagnostics.push(...checkNeeded(options.needed, config, directory ?? "", root));
  }
  const variables = usedVariables(expanded);
  return {
    config,
    diagnostics: inOrder(once(diagnostics), files),
    files,
    directory,
    variables,
    variableNames: [...expanded.variables.keys()],
    written,
    place: (pointer) => placeAt(root, pointer),
    copyOf: (pointer) => entryAt(root, pointer)?.node.copy,
  };
}

/** The files at some paths as one mapping. `whole`: all of them could be read. */
async function readMerged(paths: readonly string[], cwd: string, schema: Schema) {
  const found = findFiles(paths, cwd);
  const diagnostics: Diagnostic[] = [...found.diagnostics];
  const roots: Located[] = [];
  for (const { file, path } of found.files) {
    const read = await readText(path, longestFile, file);
    if ("problem" in read) {
      diagnostics.push({ severity: "error", ...read.problem });
      continue;
    }
    const parsed = parseYaml(file, path, read.text);
    diagnostics.push(...parsed.diagnostics);
    if (parsed.root !== undefined) roots.push(parsed.root);
  }
  const merged = mergeFiles(roots, schema);
  diagnostics.push(...merged.diagnostics);
  const whole = roots.length === found.files.length && found.diagnostics.length === 0;
  const [first] = found.files;
  const directory = first === undefined ? undefined : dirname(first.path);
  return { root: merged.root, files: found.files.map(({ file }) => file), directory, diagnostics, whole };
}

/** The mistakes in the keys of a file that are evaluated and not part of the configuration that they stand for. */
async function checkOwnKeys(rules: Rules, root: Located): Promise<Diagnostic[]> {
  const own = withEntries(root, new Map([...root.entries].filter(([key]) => ownKeys.includes(String(key)))));
  if (own.entries.size === 0) return [];
  return (await checkSchema(rules, toPlain(own))).map((problem) => diagnosticOf(problem, own));
}

/** Whether a problem follows from a mistake that was reported when the file was evaluated. */
function isConsequence({ pointer, section }: Problem, { root, incomplete }: ExpandedUnit): boolean {
  const steps = pointer.map((_, index) => entryAt(root, pointer.slice(0, index + 1))?.node);
  return steps.some((node) => node?.failed === true) || (section !== undefined && incomplete.has(section));
}

/** The problems with their places. Of a mistake that all copies of an entry have, the first is enough. */
function onceForCopies(problems: readonly Problem[], root: Located): Diagnostic[] {
  const seen = new Set<string>();
  return problems.flatMap((problem) => {
    const diagnostic = diagnosticOf(problem, root);
    const { pointer, code, summary } = problem;
    const entry = entryAt(root, pointer.slice(0, 2))?.node;
    if (entry?.note === undefined || code === "bad-name") return [diagnostic];
    const same = JSON.stringify([code, summary.replaceAll(String(pointer[1]), ""), pointer[0], pointer.slice(2), diagnostic.at]);
    if (seen.has(same)) return [];
    seen.add(same);
    return [diagnostic];
  });
}

/** One of those that say the same about the same place: an expression is evaluated for each copy of its entry. */
function once(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter(({ code, summary, at }) => {
    if (at === undefined) return true;
    const key = JSON.stringify([code, summary, at.file, at.line, at.column]);
    return !seen.has(key) && seen.add(key);
  });
}

async function checkAll(rules: Rules, config: unknown, root: Located): Promise<Problem[]> {
  const schema = rules.schema as Schema;
  const problems = await checkSchema(rules, config);
  const where = (pointer: Pointer) => {
    const { file, line } = placeAt(root, pointer, "key");
    return `${file}:${line}`;
  };
  const claimed = new Map<string, Pointer>();
  for (const visit of walk(schema, config)) {
    const one = firstOf(visit, config) ?? checkEarlierName(visit, config, claimed, where);
    if (one !== undefined) problems.push(one);
    problems.push(...checkSupport(visit), ...checkTogether(visit));
  }
  problems.push(...checkCounts(schema, config, where));
  problems.push(...(await resolveInputs(schema, config, (pointer) => baseOf(entryAt(root, pointer)?.node ?? root))));
  return problems;
}

/** The file that relative paths in a value start from. */
function baseOf({ base, span }: Located): string {
  return base ?? span.source.path;
}

/** What is wrong with one value. Of several problems the first explains the others. */
function firstOf(visit: Visit, config: unknown): Problem | undefined {
  return (
    checkSize(visit) ??
    checkNumber(visit) ??
    checkDigest(visit) ??
    checkReference(visit, config) ??
    checkCredentials(visit) ??
    checkUri(visit) ??
    checkLength(visit)
  );
}

/** The error for a key that is missing, with a value to write: the name of the directory without what cannot be in it. */
function checkNeeded({ key, code, summary, why, not }: NeededKey, config: unknown, directory: string, root: Located): Diagnostic[] {
  if (typeof config !== "object" || config === null || Object.hasOwn(config, key)) return [];
  const detail = `${why} For example:\n\n    ${key}: ${proposedProject(directory, not)}`;
  return [{ severity: "error", code, summary, detail, at: placeAt(root, []) }];
}

/** The validator that explains mistakes is loaded only for a mistake: loading takes longer than everything else. */
async function checkSchema({ schema, accepts }: Rules, config: unknown): Promise<Problem[]> {
  if (accepts?.(config) === true) return [];
  const { validate } = await import("./validate.ts");
  return validate(schema, config);
}

function diagnosticOf(problem: Problem, root: Located): Diagnostic {
  const { severity = "error", code, summary, pointer, of, hidden, quoted } = problem;
  const at = placeAt(root, pointer, of, hidden === true);
  // What is written, not what YAML reads it as: 1.10 is the number 1.1.
  const quotes = quoted === true && at.text !== undefined && !/[$"'\u2026]/.test(at.text) ? [`Put it in quotes: "${at.text}".`] : [];
  const detail = [problem.detail, ...quotes, ...notesAt(root, pointer)].join(" ");
  return { severity, code, summary: withoutCredentials(summary), detail: withoutCredentials(detail), pointer, at };
}

/** In the order of files and lines; diagnostics without a place come first. */
function inOrder(diagnostics: readonly Diagnostic[], files: readonly string[]): Diagnostic[] {
  const rank = ({ at }: Diagnostic) => (at === undefined ? [-1, 0, 0] : [files.indexOf(at.file), at.line, at.column]);
  return diagnostics.toSorted((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left.map((part, index) => part - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
  });
}
