import { pathToFileURL } from "node:url";
import type { Diagnostic, Place } from "../model/diagnostic.ts";
import type { Json } from "../model/json.ts";
import { documentReporter, type RenderReport } from "./document-reporter.ts";
import { jsonText } from "./json-result.ts";
import { recordedDiagnostics, succeeded } from "./run-record.ts";

const site = "https://github.com/virtform/virtform";

const levels: Readonly<Record<Diagnostic["severity"], string>> = { error: "error", warning: "warning", note: "note" };

/**
 * The problems of a run as SARIF 2.1.0, for code scanning: the rule is the code of the problem, the place is the one in the configuration,
 * or the start of its first file. A plan's differences are no problems and not part of it.
 */
export const renderSarif: RenderReport = (record, { version, meanings = {}, firstFile = "virtform.yaml" }) => {
  const fallback = { file: record.files?.[0] ?? firstFile, line: 1, column: 1 };
  const diagnostics = recordedDiagnostics(record);
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort();
  const rules = codes.map((code) => {
    const meaning = meanings[code];
    return {
      id: code,
      name: code.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase()),
      ...(meaning === undefined ? {} : { shortDescription: { text: meaning } }),
      helpUri: `${site}/blob/main/docs/errors.md`,
    };
  });
  return jsonText({
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "virtform", version, semanticVersion: version, informationUri: site, rules } },
        columnKind: "utf16CodeUnits",
        invocations: [{ executionSuccessful: succeeded(record) }],
        results: diagnostics.map((diagnostic) => result(diagnostic, codes, fallback)),
      },
    ],
  });
};

/** The reporter of `--format sarif`. */
export const createSarifReporter = documentReporter(renderSarif);

function result({ severity, code, summary, detail, address, at }: Diagnostic, codes: readonly string[], fallback: Place): Json {
  // Code scanning of GitHub refuses results without a file.
  const location = {
    physicalLocation: physical(at ?? fallback),
    ...(address === undefined ? {} : { logicalLocations: [{ fullyQualifiedName: address, kind: "resource" }] }),
  };
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: levels[severity],
    message: { text: detail === "" ? summary : `${summary}\n\n${detail}` },
    locations: [location],
  };
}

function physical({ file, line, column, text }: Place): Json {
  const end = text === undefined ? {} : { endColumn: column + text.length };
  return { artifactLocation: { uri: uriOf(file) }, region: { startLine: line, startColumn: column, ...end } };
}

function uriOf(file: string): string {
  return file.startsWith("/") ? pathToFileURL(file).href : file.split("/").map(encodeURIComponent).join("/");
}
