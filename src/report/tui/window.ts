/** A part of a list: from `start` up to but not including `end`. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** The part of `total` rows to show in `height` lines: moved from `previous` no more than it takes to show `focus`. */
export function windowAround(total: number, height: number, focus: number, previous = 0): Window {
  const rows = Math.max(0, Math.min(height, total));
  let start = Math.max(0, Math.min(previous, total - rows));
  if (focus < start) start = focus;
  if (focus >= start + rows) start = focus - rows + 1;
  start = Math.max(0, Math.min(start, total - rows));
  return { start, end: start + rows };
}

/** One line of a folded list: a row by its index, or several rows in one. */
export type Folded = { readonly row: number } | { readonly from: number; readonly to: number };

/**
 * Shows a list of any length in at most `height` lines, keeping the rows that matter: `order` has them, most important
 * first. What lies between them is folded to one line each.
 */
export function fold(total: number, height: number, order: Iterable<number>): Folded[] {
  if (total === 0 || height <= 0) return [];
  if (total <= height) return Array.from({ length: total }, (_, row) => ({ row }));
  const kept = new Set<number>();
  let lines = 1;
  for (const row of order) {
    if (kept.has(row) || row < 0 || row >= total) continue;
    const neighbours = Number(isKept(kept, row - 1, total)) + Number(isKept(kept, row + 1, total));
    const more = 2 - neighbours;
    if (lines + more > height) continue;
    kept.add(row);
    lines += more;
  }
  return lay(total, kept);
}

/** What lies beyond either end needs no fold. */
function isKept(kept: ReadonlySet<number>, row: number, total: number): boolean {
  return row < 0 || row >= total || kept.has(row);
}

function lay(total: number, kept: ReadonlySet<number>): Folded[] {
  const lines: Folded[] = [];
  let next = 0;
  for (const row of [...kept].sort((a, b) => a - b)) {
    if (row > next) lines.push(between(next, row));
    lines.push({ row });
    next = row + 1;
  }
  if (next < total) lines.push(between(next, total));
  return lines;
}

/** A single row needs no folding: it takes one line either way. */
function between(from: number, to: number): Folded {
  return to - from === 1 ? { row: from } : { from, to };
}
