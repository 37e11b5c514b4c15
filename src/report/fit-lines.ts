import type { Output } from "./options.ts";
import { breakLine, type Line } from "./style.ts";

/** Lines broken at blanks to the width of a terminal; elsewhere, such as in a file or a pipe, as they are. */
export function fitLines(lines: readonly Line[], { isTTY = false, columns = 0 }: Output): readonly Line[] {
  return isTTY && columns > 0 ? lines.flatMap((line) => breakLine(line, columns)) : lines;
}
