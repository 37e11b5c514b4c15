import type { Place } from "../../model/diagnostic.ts";
import { placeOf, type Span } from "../located.ts";

/**
 * The place in the file of an offset of a value. The file may write the value with escapes and in several lines, and it has the same `${` in the
 * same order: the one before the offset is searched for, and what follows it is compared. Where that differs, the place is that of the `${`.
 */
export function expressionPlace(span: Span, text: string, at: number): Place {
  const mark = "${";
  let count = 0;
  let before = -1;
  for (let found = text.indexOf(mark); found >= 0 && found <= at; found = text.indexOf(mark, found + 1)) {
    before = found;
    count += 1;
  }
  const written = span.source.text;
  let start = span.start - 1;
  for (let seen = 0; seen < count; seen += 1) {
    start = written.indexOf(mark, start + 1);
    if (start < 0 || start >= span.end) return placeOf(span);
  }
  if (before < 0) return placeOf(span);
  const inside = text.slice(before, at);
  const exact = written.startsWith(inside, start) ? start + inside.length : start;
  return placeOf({ ...span, start: exact, end: Math.min(endOf(written, exact), span.end) });
}

/** The end of the word, or of the whole expression. */
function endOf(text: string, start: number): number {
  const word = text.startsWith("${", start) ? /[^}\n]*\}?/y : /[\w.-]+|"[^"\n]*"|'[^'\n]*'|./y;
  word.lastIndex = start;
  return start + (word.exec(text)?.[0].length ?? 1);
}
