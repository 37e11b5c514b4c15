import type { DiskPart } from "./cut-disk.ts";

/**
 * Joins the progress of parts, which are converted in any order, to that of the disk. `onFraction` gets 0 to 1 and never less than before; `onFinal` the bytes
 * from the start of the disk up to the first part that is not done. Pure but for the calls.
 */
export function createPartsProgress(
  parts: readonly DiskPart[],
  { onFraction, onFinal }: { readonly onFraction?: (fraction: number) => void; readonly onFinal?: (bytes: number) => void },
): {
  /** A fraction of a part is done, 0 to 1. */
  reached(part: DiskPart, fraction: number): void;
  ended(part: DiskPart): void;
} {
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  const fractions = new Map<DiskPart, number>();
  const done = new Set<DiskPart>();
  const reached = (part: DiskPart, fraction: number) => {
    if (fraction <= (fractions.get(part) ?? 0)) return;
    fractions.set(part, fraction);
    const bytes = parts.reduce((sum, each) => sum + each.length * (fractions.get(each) ?? 0), 0);
    onFraction?.(total === 0 ? 1 : Math.min(1, bytes / total));
  };
  return {
    reached,
    ended(part) {
      done.add(part);
      reached(part, 1);
      onFinal?.(parts.find((each) => !done.has(each))?.offset ?? total);
    },
  };
}
