/**
 * Applies a patch to a text: lines that begin with "-" are replaced by those that begin with "+", and those that begin with a
 * space must be around them. Line numbers are not needed: a hunk fits at the one place where its old lines are. "@@" on a line of
 * its own separates hunks. Throws when a hunk fits nowhere or at several places.
 */
export function applyPatch(text: string, patch: readonly string[]): string {
  let lines = text.split("\n");
  for (const hunk of hunksOf(patch)) {
    const old = hunk.filter((line) => !line.startsWith("+")).map((line) => line.slice(1));
    const fresh = hunk.filter((line) => !line.startsWith("-")).map((line) => line.slice(1));
    const places = lines.flatMap((_, at) => (old.every((line, offset) => lines[at + offset] === line) ? [at] : []));
    const [place] = places;
    if (old.length === 0 || place === undefined || places.length > 1)
      throw new Error(`a hunk fits at ${places.length} places and must fit at one:\n${hunk.join("\n")}`);
    lines = lines.toSpliced(place, old.length, ...fresh);
  }
  return lines.join("\n");
}

function hunksOf(patch: readonly string[]): string[][] {
  const hunks: string[][] = [[]];
  for (const line of patch) {
    if (line === "@@") hunks.push([]);
    else if (/^[-+ ]|^$/.test(line)) hunks.at(-1)?.push(line === "" ? " " : line);
    else throw new Error(`a line of a patch begins with "-", "+" or a space, and not like this: ${line}`);
  }
  return hunks.filter(({ length }) => length > 0);
}
