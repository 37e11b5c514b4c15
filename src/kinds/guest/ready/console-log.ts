// biome-ignore lint/suspicious/noControlCharactersInRegex: sequences that colour text begin with a control character
const colours = /\u001b\[[0-9;?]{0,32}[A-Za-z]/g;

/** Longest line that is looked at; what a guest writes has no limit of its own. */
const longestLine = 1000;

/** The lines of a console log without colours, blank lines and what goes beyond the longest line. */
export function consoleLines(log: string): string[] {
  return log
    .split(/\r*\n/)
    .map((line) => line.slice(0, longestLine).replace(colours, "").trimEnd())
    .filter((line) => line !== "");
}
