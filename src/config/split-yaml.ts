/** A stretch of a YAML text that is a block mapping by itself. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  /** Whether its entries belong to the root, open a section whose value is in the pieces that follow, or belong to that section. */
  readonly place: "root" | "head" | "section";
}

interface Section {
  readonly start: number;
  /** Column of the section's own entries, 0 before the first one. */
  indent: number;
  /** Line starts of the section's own entries. Undefined: the section cannot be cut. */
  entries: number[] | undefined;
}

/**
 * Cuts a YAML text between entries of the root mapping and, in long sections, between entries of a section. A parser needs
 * many times the size of its text in memory, so that several short texts need far less than a long one. Undefined when the text
 * is short or is not written as block mappings.
 *
 * Only the start of each line is looked at. That is safe as long as every piece is parsed without an error: a line as little
 * indented as a key is never part of a block scalar or of plain text, and a cut inside quotes or brackets leaves them open.
 */
export function splitYaml(text: string, pieceSize: number): readonly Piece[] | undefined {
  if (text.length <= pieceSize) return undefined;
  const sections: Section[] = [];
  for (let start = 0; start < text.length; start = lineEnd(text, start)) {
    let column = 0;
    while (text[start + column] === " ") column += 1;
    const first = text[start + column];
    if (first === undefined || first === "\n" || first === "\r" || first === "#") continue;
    if (first === "\t") return undefined;
    if (column === 0 && sections.length === 0 && text.startsWith("---", start)) continue;
    if (!addLine(sections, text, { start, column, isKey: /[\w"'<]/.test(first) })) return undefined;
  }
  const pieces = piecesOf(sections, text.length, pieceSize);
  return pieces.length > 1 ? pieces : undefined;
}

/** Returns false where the text cannot be cut. */
function addLine(sections: Section[], text: string, line: { start: number; column: number; isKey: boolean }): boolean {
  const { start, column, isKey } = line;
  if (column === 0) {
    const hasOwnLine = /^\w[\w-]*:(?:[ \t]+#.*|[ \t]*)\r?\n?$/.test(text.slice(start, lineEnd(text, start)));
    sections.push({ start, indent: 0, entries: hasOwnLine ? [] : undefined });
    return isKey;
  }
  const section = sections.at(-1);
  if (section === undefined) return false;
  if (section.indent === 0) section.indent = column;
  if (column < section.indent || (column === section.indent && !isKey)) section.entries = undefined;
  if (column === section.indent) section.entries?.push(start);
  return true;
}

function piecesOf(sections: readonly Section[], length: number, size: number): Piece[] {
  const pieces: Piece[] = [];
  const add = (place: Piece["place"], start: number, end: number) => {
    const last = pieces.at(-1);
    if (last !== undefined && last.place === place && place !== "head" && end - last.start <= size) {
      pieces[pieces.length - 1] = { ...last, end };
    } else {
      pieces.push({ place, start, end });
    }
  };
  for (const [index, { start: offset, entries = [] }] of sections.entries()) {
    // What precedes the first entry (comments, the start of the document) belongs to it.
    const start = index === 0 ? 0 : offset;
    const end = sections[index + 1]?.start ?? length;
    if (end - start <= size || entries.length < 2) {
      add("root", start, end);
      continue;
    }
    for (const [position, entry] of entries.entries()) {
      if (position === 0) add("head", start, entry);
      add("section", entry, entries[position + 1] ?? end);
    }
  }
  return pieces;
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end === -1 ? text.length : end + 1;
}
