import { escapeControls } from "../../../model/escape-controls.ts";
import { consoleLines } from "./console-log.ts";

const mostLines = 12;
const longestLine = 160;

/** The last lines of a console log for a message: few, short, and without characters that a terminal obeys. Empty for an empty log. Pure. */
export function consoleTail(log: string): string[] {
  return consoleLines(log)
    .slice(-mostLines)
    .map((line) => escapeControls(line.slice(0, longestLine)));
}
