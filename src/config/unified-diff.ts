/** Lines of context around a change. */
const around = 3;

/** A change of a text as a patch that `patch` and `git apply` take; empty for none. `path`: of the file, for its head. */
export function unifiedDiff(path: string, before: string, after: string): string {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  const marked = diffLines(old, fresh);
  const changed = marked.flatMap(({ mark }, index) => (mark === " " ? [] : [index]));
  if (changed.length === 0) return "";
  const hunks: [number, number][] = [];
  for (const index of changed) {
    const last = hunks.at(-1);
    if (last !== undefined && index - last[1] <= 2 * around) last[1] = index;
    else hunks.push([index, index]);
  }
  const texts = hunks.map(([first, last]) => {
    const [from, to] = [Math.max(0, first - around), Math.min(marked.length, last + around + 1)];
    const part = marked.slice(from, to);
    const count = (lines: readonly Marked[], other: string) => lines.filter(({ mark }) => mark !== other).length;
    const [start, begin] = [count(marked.slice(0, from), "+") + 1, count(marked.slice(0, from), "-") + 1];
    const lines = part.map(({ mark, line }) => `${mark}${line.endsWith("\n") ? line : `${line}\n\\ No newline at end of file\n`}`);
    return `@@ -${start},${count(part, "+")} +${begin},${count(part, "-")} @@\n${lines.join("")}`;
  });
  const name = path.startsWith("/") ? path.slice(1) : path.replace(/^\.\//, "");
  return `--- a/${name}\n+++ b/${name}\n${texts.join("")}`;
}

interface Marked {
  readonly mark: " " | "-" | "+";
  readonly line: string;
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The longest common lines stay; between them removed lines come before added ones. */
function diffLines(old: readonly string[], fresh: readonly string[]): Marked[] {
  let [start, end] = [0, 0];
  while (start < Math.min(old.length, fresh.length) && old[start] === fresh[start]) start += 1;
  while (end < Math.min(old.length, fresh.length) - start && old.at(-1 - end) === fresh.at(-1 - end)) end += 1;
  const [left, right] = [old.slice(start, old.length - end), fresh.slice(start, fresh.length - end)];
  const common: number[][] = Array.from({ length: left.length + 1 }, () => new Array<number>(right.length + 1).fill(0));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = left.length - 1; i >= 0; i -= 1)
    for (let j = right.length - 1; j >= 0; j -= 1)
      (common[i] as number[])[j] = left[i] === right[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const middle: Marked[] = [];
  for (let [i, j] = [0, 0]; i < left.length || j < right.length; ) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      middle.push({ mark: " ", line: left[i] ?? "" });
      i += 1;
      j += 1;
    } else if (i < left.length && (j >= right.length || at(i + 1, j) >= at(i, j + 1))) {
      middle.push({ mark: "-", line: left[i] ?? "" });
      i += 1;
    } else {
      middle.push({ mark: "+", line: right[j] ?? "" });
      j += 1;
    }
  }
  const same = (line: string): Marked => ({ mark: " ", line });
  return [...old.slice(0, start).map(same), ...middle, ...old.slice(old.length - end).map(same)];
}
