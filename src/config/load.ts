import { basename, dirname } from "node:path";
import type { Diagnostic, Place } from "../model/diagnostic.ts";
import { checkCounts } from "./check-counts.ts";
import { checkCredentials } from "./check-credentials.ts";
import { checkDigest } from "./check-digest.ts";
import { checkEarlierName } from "./check-earlier-names.ts";
import { checkLength } from "./check-length.ts";
import { checkNumber } from "./check-number.ts";
import { checkReference } from "./check-references.ts";
import { checkSize } from "./check-sizes.ts";
import { checkSupport } from "./check-support.ts";
import { checkUri } from "./check-uri.ts";
import { findFiles } from "./find-files.ts";
import type { Schema } from "./keywords.ts";
import { entryAt, type Located, placeAt, toPlain, withoutCredentials } from "./located.ts";
import { mergeFiles } from "./merge.ts";
import { parseYaml } from "./parse-yaml.ts";
import type { Pointer, Problem } from "./problem.ts";
import { readText } from "./read-text.ts";
import { resolveInputs } from "./resolve-inputs.ts";
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
}

/**
 * Reads, merges and checks configuration files. A path is a file, or a directory that holds `virtform.yaml` and
 * `*.virtform.yaml`; none means the current directory. Mistakes never throw: they are all in `diagnostics`.
 */
export async function loadConfig(paths: readonly string[], options: Rules & { readonly cwd?: string }): Promise<LoadedConfig> {
  const schema = options.schema as Schema;
  const found = await findFiles(paths.length === 0 ? ["."] : paths, options.cwd ?? process.cwd());
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
  const files = found.files.map(({ file }) => file);
  const directory = found.files[0] === undefined ? undefined : dirname(found.files[0].path);
  const whole = roots.length === found.files.length;
  const merged = mergeFiles(roots, schema);
  diagnostics.push(...merged.diagnostics);
  const { root } = merged;
  if (root === undefined) return { config: undefined, diagnostics: inOrder(diagnostics, files), files, directory, place: () => undefined };

  const config = toPlain(root);
  // References to entries of an unreadable file must not be reported as unknown.
  if (whole && found.diagnostics.length === 0) {
    const problems = await checkAll(options, config, root);
    diagnostics.push(...problems.map((problem) => diagnosticOf(problem, root)));
    if (options.needed !== undefined) diagnostics.push(...checkNeeded(options.needed, config, directory ?? "", root));
  }
  return { config, diagnostics: inOrder(diagnostics, files), files, directory, place: (pointer) => placeAt(root, pointer) };
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
    problems.push(...checkSupport(visit));
  }
  problems.push(...checkCounts(schema, config, where));
  problems.push(...(await resolveInputs(schema, config, (pointer) => (entryAt(root, pointer)?.node ?? root).span.source.path)));
  return problems;
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
  const proposed = basename(directory)
    .replaceAll(not, "-")
    .replaceAll(/^[^a-zA-Z0-9]+|[^a-zA-Z0-9]+$/g, "")
    .slice(0, 63);
  const detail = `${why} For example:\n\n    ${key}: ${proposed === "" ? "shop" : proposed}`;
  return [{ severity: "error", code, summary, detail, at: placeAt(root, []) }];
}

/** The validator that explains mistakes is loaded only for a mistake: loading takes longer than everything else. */
async function checkSchema({ schema, accepts }: Rules, config: unknown): Promise<Problem[]> {
  if (accepts?.(config) === true) return [];
  const { validate } = await import("./validate.ts");
  return validate(schema, config);
}

function diagnosticOf(problem: Problem, root: Located): Diagnostic {
  const { severity = "error", code, summary, detail, pointer, of, hidden } = problem;
  const words = { summary: withoutCredentials(summary), ...(detail === undefined ? {} : { detail: withoutCredentials(detail) }) };
  return { severity, code, ...words, at: placeAt(root, pointer, of, hidden === true) };
}

/** In the order of files and lines; diagnostics without a place come first. */
function inOrder(diagnostics: readonly Diagnostic[], files: readonly string[]): Diagnostic[] {
  const rank = ({ at }: Diagnostic) => (at === undefined ? [-1, 0, 0] : [files.indexOf(at.file), at.line, at.column]);
  return diagnostics.toSorted((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left.map((part, index) => part - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
  });
}
