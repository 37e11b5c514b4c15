/** Draws frames over one another. */
export interface Painter {
  /** What turns the frame before into this one. A frame has fewer lines than the terminal, and no line is wider than it. */
  next(frame: string): string;
  /** What takes the last frame away. */
  clear(): string;
}

const control = "\u001b[";
const hideCursor = `${control}?25l`;
const showCursor = `${control}?25h`;
const eraseLine = `${control}2K`;
const eraseBelow = `${control}J`;
const down = `${control}B`;

/**
 * Writes only the lines that differ. Ink would make an object for each character of each frame: 40 MiB more for an apply of 200 guests.
 * Between frames the cursor is hidden, at the start of the line below the last one. Pure but for what it remembers.
 */
export function createPainter(): Painter {
  let shown: readonly string[] = [];
  const toFirst = () => (shown.length === 0 ? "" : `\r${control}${shown.length}A`);
  return {
    next(frame) {
      const lines = frame.split("\n");
      const written = lines.map((line, index) => (line === shown[index] ? down : `\r${eraseLine}${line}\r\n`));
      const text = `${hideCursor}${toFirst()}${written.join("")}${lines.length < shown.length ? `\r${eraseBelow}` : ""}`;
      shown = lines;
      return text;
    },
    clear() {
      const text = `${toFirst()}${eraseBelow}${showCursor}`;
      shown = [];
      return text;
    },
  };
}
