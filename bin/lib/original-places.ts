import { SourceMap, type SourceMapPayload } from "node:module";

/** A place of the built program in a stack: its path, which may have spaces, line and column. */
const place = /(?:(?<=\()|(?<=^\s*at (?:async )?)(?!async ))[^()\n]*\bprogram\.cjs:(\d+):(\d+)/gm;

/**
 * A stack of the built program with its places in the sources, such as `src/kinds/guest/state.ts:45:10`. Lines and columns count from 1. Places
 * that the source map does not have stay as they are.
 */
export function originalPlaces(stack: string, map: SourceMapPayload): string {
  const found = new SourceMap(map);
  return stack.replaceAll(place, (built, line: string, column: string) => {
    const origin = found.findOrigin(Number(line), Number(column));
    if (!("fileName" in origin) || origin.fileName === undefined) return built;
    return `${origin.fileName.replace(/^(?:\.\.\/)+/, "")}:${origin.lineNumber}:${origin.columnNumber}`;
  });
}
