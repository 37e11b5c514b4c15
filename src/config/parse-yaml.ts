import { Lexer, LineCounter, parseAllDocuments, type YAMLError } from "yaml";
import type { Diagnostic } from "../model/diagnostic.ts";
import { locate } from "./locate.ts";
import { type Located, placeOf, type SourceText } from "./located.ts";

const deepest = 100;

/** Reads one YAML document. There is a root whenever what follows can still say something useful. */
export function parseYaml(file: string, path: string, content: string): { root?: Located; diagnostics: Diagnostic[] } {
  const text = content.startsWith("\uFEFF") ? content.slice(1) : content;
  const lines = new LineCounter();
  const source: SourceText = { file, path, text, lines };
  // The text of a broken line is not shown: nobody can tell yet whether it holds a secret.
  const fail = (start: number, end: number, code: string, summary: string, detail: string): Diagnostic => {
    return { severity: "error", code, summary, detail, at: placeOf({ source, start, end }, true) };
  };
  const bracket = tooDeepBracket(text);
  if (bracket !== undefined) {
    fillLines(lines, text);
    return {
      diagnostics: [fail(bracket, bracket + 1, "yaml-too-deep", "YAML nested too deeply", `More than ${deepest} brackets are open here.`)],
    };
  }
  // Without uniqueKeys: duplicates are found while the tree is walked, and in linear time.
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const list = Array.isArray(documents) ? documents : [];
  const [document, second] = list;
  if (document === undefined || (document.contents === null && document.errors.length === 0)) {
    const detail = "It declares nothing. Write {} for a configuration that deliberately wants nothing, or remove the file.";
    return {
      diagnostics: [{ severity: "error", code: "empty-file", summary: `Empty file: ${file}`, detail, at: { file, line: 1, column: 1 } }],
    };
  }
  const errors = list.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  if (errors.length > 0) {
    const byLine = new Map(errors.toReversed().map((error) => [lines.linePos(error.pos[0]).line, error]));
    const first = [...byLine.values()].toReversed().slice(0, 10);
    return { diagnostics: first.map((error) => fail(error.pos[0], lineEnd(text, error.pos[0]), ...words(error))) };
  }
  if (second !== undefined) {
    const start = second.range[0];
    return {
      diagnostics: [
        fail(
          start,
          lineEnd(text, start),
          "several-documents",
          "Several YAML documents in one file",
          "A file holds one configuration. Remove the line with ---, or split the file in two.",
        ),
      ],
    };
  }
  return locate(document.contents, source, deepest);
}

function words(error: YAMLError): [code: string, summary: string, detail: string] {
  if (error.code === "TAB_AS_INDENT")
    return ["yaml-tab", "A tab in the indentation", "YAML is indented with spaces only. Replace the tab."];
  if (error.code === "RESOURCE_EXHAUSTION")
    return ["yaml-too-deep", "YAML nested too deeply", "A configuration is only a few levels deep. Check the indentation."];
  if (error.code === "TAG_RESOLVE_FAILED")
    return [
      "yaml-tag",
      "A YAML tag that means nothing here",
      "Tags (words that start with !) are not used. Put the text in quotes if it is meant literally.",
    ];
  if (error.code === "BAD_ALIAS")
    return [
      "unknown-anchor",
      "An alias without its anchor",
      "Text that starts with * refers to an anchor. Put it in quotes if it is meant literally.",
    ];
  const message = error.message.replace(/closing ["']quote/, "closing quote");
  const detail = message.length > 200 ? `${message.slice(0, 200)}…` : message;
  return ["yaml-syntax", "Not valid YAML", /[.!?…]$/.test(detail) ? detail : `${detail}.`];
}

/** Flow collections are counted before parsing: the parser's time grows with the square of their depth. */
function tooDeepBracket(text: string): number | undefined {
  let depth = 0;
  let offset = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") depth += 1;
    if (token === "]" || token === "}") depth -= 1;
    if (depth > deepest) return offset;
    // Marks that stand for no text: start of a document, of a flow error, of a scalar.
    if (token !== "\u0002" && token !== "\u0018" && token !== "\u001f") offset += token.length;
  }
  return undefined;
}

function fillLines(lines: LineCounter, text: string): void {
  lines.addNewLine(0);
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines.addNewLine(at + 1);
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end === -1 ? text.length : end;
}
