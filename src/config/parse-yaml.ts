import { isMap, parseAllDocuments, parseDocument, type YAMLMap } from "yaml";
import type { Diagnostic } from "../model/diagnostic.ts";
import { savedPlanMark } from "../model/saved-plan-mark.ts";
import { tooDeepBracket } from "./bracket-depth.ts";
import { lineTable } from "./line-table.ts";
import { createLocator, type MapBuilder } from "./locate.ts";
import { type Located, placeOf, type SourceText } from "./located.ts";
import { type Piece, splitYaml } from "./split-yaml.ts";
import { isShowable, yamlProblem } from "./yaml-words.ts";

const deepest = 100;
// Small enough for the garbage collector to free what the parser made while it is young.
const usualPieceSize = 4 * 1024;
// Without uniqueKeys: the locator finds duplicates, in linear time.
const options = { prettyErrors: false, uniqueKeys: false } as const;

/**
 * Reads one YAML document. There is a root whenever what follows can still say something useful. A text longer than
 * `pieceSize` is read in pieces where that gives the same result.
 */
export function parseYaml(
  file: string,
  path: string,
  content: string,
  pieceSize: number = usualPieceSize,
): { root?: Located; diagnostics: Diagnostic[] } {
  const text = content.startsWith("\uFEFF") ? content.slice(1) : content;
  if (text.startsWith(savedPlanMark)) return { diagnostics: [savedPlan(file)] };
  const source: SourceText = { file, path, text, lines: lineTable(text) };
  const pieces = splitYaml(text, pieceSize);
  return (pieces === undefined ? undefined : parsePieces(pieces, source)) ?? parseWhole(source);
}

function savedPlan(file: string): Diagnostic {
  const detail =
    "Here a configuration is expected: a file in YAML, or a directory. `virtform show FILE` prints a saved plan, and `virtform apply FILE` applies it.";
  return { severity: "error", code: "saved-plan", summary: `${file} is a saved plan`, detail, at: { file, line: 1, column: 1 } };
}

function parseWhole(source: SourceText): { root?: Located; diagnostics: Diagnostic[] } {
  const { file, text, lines } = source;
  const tooDeep = tooDeepBracket(text, deepest);
  if (tooDeep !== undefined) {
    const detail = `More than ${deepest} brackets are open here.`;
    return { diagnostics: [failure(source, tooDeep, "yaml-too-deep", "YAML nested too deeply", detail, tooDeep + 1)] };
  }
  const documents = parseAllDocuments(text, options);
  const list = Array.isArray(documents) ? documents : [];
  const [document, second] = list;
  if (document === undefined || (document.contents === null && document.errors.length === 0)) {
    const detail = "It declares nothing. Write {} for an intentionally empty configuration, or remove the file.";
    return {
      diagnostics: [{ severity: "error", code: "empty-file", summary: `Empty file: ${file}`, detail, at: { file, line: 1, column: 1 } }],
    };
  }
  const errors = list.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  if (errors.length > 0) {
    const byLine = new Map(errors.toReversed().map((error) => [lines.linePos(error.pos[0]).line, error]));
    const first = [...byLine.values()].toReversed().slice(0, 10);
    const problems = new Map(first.map((error) => yamlProblem(error, text)).map((problem) => [problem.start, problem]));
    return {
      diagnostics: [...problems.values()].map(({ start, code, summary, detail }) => failure(source, start, code, summary, detail)),
    };
  }
  if (second !== undefined) {
    const detail = "A file contains one configuration. Remove the line with ---, or split the file.";
    return { diagnostics: [failure(source, second.range[0], "several-documents", "Several YAML documents in one file", detail)] };
  }
  const locator = createLocator(source, deepest);
  const root = locator.locate(document.contents);
  return { ...(locator.isUnusable() ? {} : { root }), diagnostics: locator.diagnostics };
}

/** Undefined when a piece is not valid: only a look at the whole text can say why. */
function parsePieces(pieces: readonly Piece[], source: SourceText): { root?: Located; diagnostics: Diagnostic[] } | undefined {
  const locator = createLocator(source, deepest);
  const root = locator.map();
  let section: { readonly key: unknown; readonly base: number; readonly map: MapBuilder } | undefined;
  const closeSection = () => {
    if (section === undefined) return;
    const { key, base, map } = section;
    root.add(key, base, () => map.finish());
    section = undefined;
  };
  for (const { start, end, place } of pieces) {
    const map = parsePiece(source.text.slice(start, end));
    if (map === undefined) return undefined;
    if (place !== "section") closeSection();
    if (place === "head") section = { key: map.items[0]?.key, base: start, map: locator.map() };
    else (section?.map ?? root).addAll(map, start);
  }
  closeSection();
  const located = root.finish();
  return { ...(locator.isUnusable() ? {} : { root: located }), diagnostics: locator.diagnostics };
}

function parsePiece(text: string): YAMLMap | undefined {
  if (tooDeepBracket(text, deepest) !== undefined) return undefined;
  const { contents, errors, warnings } = parseDocument(text, options);
  const isValid = errors.length === 0 && warnings.length === 0;
  // An anchor or a tag would be that of the whole root mapping.
  return isValid && isMap(contents) && contents.anchor === undefined && contents.tag === undefined ? contents : undefined;
}

/** The text of a broken line is not shown where it may hold a secret. */
function failure(source: SourceText, start: number, code: string, summary: string, detail: string, end?: number): Diagnostic {
  const span = { source, start, end: end ?? lineEnd(source.text, start) };
  return { severity: "error", code, summary, detail, at: placeOf(span, !isShowable(source.text, start)) };
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end === -1 ? text.length : end;
}
