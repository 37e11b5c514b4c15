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

/** What the second and further pieces of a broken line begin with. */
const hanging = "    ";

/** A line in pieces of at most `width` characters, broken at blanks; a longer word, such as a path, is broken anywhere. */
export function breakLine(line: Line, width: number): Line[] {
  if (lengthOf(line) <= width) return [line];
  let rest = line.flatMap(({ text, tone }) => [...escapeControls(text)].map((character) => ({ character, tone })));
  const lines: Span[][] = [];
  while (rest.length > 0) {
    const indent = lines.length === 0 ? "" : hanging;
    const room = Math.max(1, width - indent.length);
    const end = rest.length <= room ? rest.length : endOfWord(rest, room);
    lines.push([...(indent === "" ? [] : [span(indent)]), ...joined(rest.slice(0, end))]);
    rest = rest.slice(end);
    while (rest[0]?.character === " ") rest = rest.slice(1);
  }
  return lines;
}

interface Toned {
  readonly character: string;
  readonly tone: Tone | undefined;
}

/** Where a line of at most `room` characters ends: before a blank that is not part of its indentation, else in the middle of a word. */
function endOfWord(characters: readonly Toned[], room: number): number {
  const start = characters.findIndex(({ character }) => character !== " ");
  for (let end = room; end > start; end -= 1) if (characters[end]?.character === " ") return end;
  return room;
}

function joined(characters: readonly Toned[]): Span[] {
  const spans: { text: string; readonly tone: Tone | undefined }[] = [];
  for (const { character, tone } of characters) {
    const last = spans.at(-1);
    if (last !== undefined && last.tone === tone) last.text += character;
    else spans.push({ text: character, tone });
  }
  return spans.map(({ text, tone }) => span(text, tone));
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
