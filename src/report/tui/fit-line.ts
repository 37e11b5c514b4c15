import { escapeControls } from "../../model/escape-controls.ts";
import { type Line, type Span, span } from "../style.ts";

/** A line that takes at most so many columns of a terminal; the end of a longer one is cut and marked. Control characters are escaped. */
export function fitLine(line: Line, columns: number): Line {
  const parts = line.map(({ text, tone }) => span(escapeControls(text), tone));
  if (widthOf(parts) <= columns) return parts;
  const cut: Span[] = [];
  let room = columns - 1;
  for (const { text, tone } of parts) {
    let kept = "";
    let full = false;
    for (const character of text) {
      const width = characterWidth(character);
      full = width > room;
      if (full) break;
      kept += character;
      room -= width;
    }
    cut.push(span(full ? `${kept}…` : kept, tone));
    if (full) break;
  }
  return cut;
}

/** Columns that a line takes on a terminal. */
export function widthOf(line: Line): number {
  let width = 0;
  for (const { text } of line) {
    if (ascii.test(text)) width += text.length;
    else for (const character of text) width += characterWidth(character);
  }
  return width;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole range of one-column characters and nothing else
const ascii = /^[\u0000-\u007f]*$/;
const none = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** East Asian characters and pictographs. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

function characterWidth(character: string): 0 | 1 | 2 {
  if (character < "\u0300") return 1;
  if (wide.test(character)) return 2;
  return none.test(character) ? 0 : 1;
}
