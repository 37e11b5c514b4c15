import { escapeControls } from "../../../model/escape-controls.ts";
import { consoleLines } from "./console-log.ts";

const mostLines = 12;
const longestLine = 160;
/** The tables of addresses and the host keys that cloud-init prints last, whatever happened before. */
const noise = /\bci-info: |^<\d+>|^(?:ssh|ecdsa)-\S+ AAAA|^-----(?:BEGIN|END) SSH HOST KEY|^#{10,}$/;

/** The last lines of a console log that say something, for a message: few, short, and without characters that a terminal obeys. Empty for an empty log. Pure. */
export function consoleTail(log: string): string[] {
  return consoleLines(log)
    .filter((line) => !noise.test(line))
    .slice(-mostLines)
    .map((line) => escapeControls(line.slice(0, longestLine)));
}
