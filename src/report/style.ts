import { escapeControls } from "../model/escape-controls.ts";

/** What a piece of text means; each reporter decides how that looks. */
export type Tone = "add" | "change" | "replace" | "remove" | "error" | "warning" | "note" | "strong" | "faint";

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly tone?: Tone;
}

/** One line, without its end. */
export type Line = readonly Span[];

const codes: Readonly<Record<Tone, readonly [on: string, off: string]>> = {
  add: ["\u001b[32m", "\u001b[39m"],
  change: ["\u001b[33m", "\u001b[39m"],
  replace: ["\u001b[35m", "\u001b[39m"],
  remove: ["\u001b[31m", "\u001b[39m"],
  error: ["\u001b[1;31m", "\u001b[22;39m"],
  warning: ["\u001b[1;33m", "\u001b[22;39m"],
  note: ["\u001b[36m", "\u001b[39m"],
  strong: ["\u001b[1m", "\u001b[22m"],
  faint: ["\u001b[2m", "\u001b[22m"],
};

/** A piece of text with its tone. */
export function span(text: string, tone?: Tone): Span {
  return tone === undefined ? { text } : { text, tone };
}

/** A line without its tones, as it was written. */
export function textOf(line: Line): string {
  return line.map(({ text }) => text).join("");
}

/** Characters of a line as it is shown. */
export function lengthOf(line: Line): number {
  return line.reduce((sum, part) => sum + escapeControls(part.text).length, 0);
}

/** A line in pieces of at most `width` characters, broken anywhere: values have no words. */
export function breakLine(line: Line, width: number): Line[] {
  if (lengthOf(line) <= width) return [line];
  const lines: Span[][] = [];
  let room = 0;
  for (const { text, tone } of line) {
    let rest = [...escapeControls(text)];
    while (rest.length > 0) {
      if (room === 0) {
        const indent = lines.length === 0 ? "" : "    ";
        lines.push(indent === "" ? [] : [{ text: indent }]);
        room = Math.max(1, width - indent.length);
      }
      lines.at(-1)?.push(span(rest.slice(0, room).join(""), tone));
      const taken = Math.min(room, rest.length);
      rest = rest.slice(taken);
      room -= taken;
    }
  }
  return lines;
}

/** Lines as text for a stream, each with its end. Control characters in them are escaped. */
export function paint(lines: readonly Line[], color: boolean): string {
  let text = "";
  for (const line of lines) {
    for (const part of line) {
      const [on, off] = color && part.tone !== undefined ? codes[part.tone] : ["", ""];
      text += `${on}${escapeControls(part.text)}${off}`;
    }
    text += "\n";
  }
  return text;
}
