/** Lines and columns of a text, both from 1. */
export interface LineTable {
  readonly linePos: (offset: number) => { readonly line: number; readonly col: number };
}

/** The table is made at the first question: most texts have no mistake to show. */
export function lineTable(text: string): LineTable {
  let starts: number[] | undefined;
  return {
    linePos(offset) {
      starts ??= lineStarts(text);
      let low = 0;
      let high = starts.length;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if ((starts[middle] ?? 0) <= offset) low = middle;
        else high = middle;
      }
      return { line: low + 1, col: offset - (starts[low] ?? 0) + 1 };
    },
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
