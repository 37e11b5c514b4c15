import { isMap, isScalar, type Pair, parseDocument, type Scalar, type YAMLMap } from "yaml";
import { UserError } from "../model/errors.ts";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Writes the `checksum` of images into the text of a configuration file, `sha256:…` by image name; where it names a signed file, the `digest` beside
 * that. Everything else stays
 * byte for byte the same: comments, order, line ends. Images that the text does not declare are skipped: they are in another
 * file. Throws a UserError if an edit would change more than one image.
 */
export function setChecksums(text: string, checksums: ReadonlyMap<string, string>): string {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const plain = text.slice(mark.length);
  const edits = editsFor(plain, checksums).toSorted((a, b) => b.start - a.start);
  const edited = edits.reduce((result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end), plain);
  confirm(edited, checksums);
  return mark + edited;
}

function editsFor(text: string, checksums: ReadonlyMap<string, string>): Edit[] {
  const images = find(parseDocument(text, { prettyErrors: false }).contents, "images")?.value;
  return [...checksums].flatMap(([name, checksum]) => {
    const pair = find(images, name);
    if (pair === undefined) return [];
    const image = pair.value;
    const source = find(image, "source");
    if (!isMap(image) || source === undefined) throw cannotEdit(name);
    const declared = find(image, "checksum");
    const signed = isMap(declared?.value) ? (declared.value as YAMLMap) : undefined;
    const [mapping, before, entry] = signed === undefined ? [image, source, "checksum"] : [signed, find(signed, "file"), "digest"];
    if (before === undefined) throw cannotEdit(name);
    const existing = find(mapping, entry);
    if (existing !== undefined && isScalar(existing.value) && existing.value.value === checksum) return [];
    return [existing === undefined ? insertion(text, mapping, before, entry, checksum, name) : replacement(text, existing, checksum, name)];
  });
}

function find(node: unknown, key: string): Pair | undefined {
  return isMap(node) ? (node as YAMLMap).items.find((pair) => isScalar(pair.key) && pair.key.value === key) : undefined;
}

function replacement(text: string, pair: Pair, checksum: string, name: string): Edit {
  const { value } = pair;
  const range = isScalar(value) ? value.range : undefined;
  if (!isScalar(value) || !range || value.anchor !== undefined || value.type?.startsWith("BLOCK_")) throw cannotEdit(name);
  // An empty value has a place but no space before it.
  const space = range[0] === range[1] && text[range[0] - 1] === ":" ? " " : "";
  return { start: range[0], end: range[1], text: `${space}${checksum}` };
}

/** Puts an entry behind another one of the same mapping. */
function insertion(text: string, image: YAMLMap, source: Pair, entry: string, checksum: string, name: string): Edit {
  const [key, value] = [rangeOf(source.key), rangeOf(source.value)];
  if (key === undefined || value === undefined || (isScalar(source.value) && source.value.type?.startsWith("BLOCK_")))
    throw cannotEdit(name);
  if (image.flow === true) return { start: value[1], end: value[1], text: `, ${entry}: ${checksum}` };
  const lineStart = text.lastIndexOf("\n", key[0] - 1) + 1;
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const column = key[0] - lineStart;
  const next = text.indexOf("\n", value[1]);
  const line = `${" ".repeat(column)}${entry}: ${checksum}`;
  if (next === -1) return { start: text.length, end: text.length, text: `${newline}${line}` };
  return { start: next + 1, end: next + 1, text: `${line}${newline}` };
}

function rangeOf(node: unknown): readonly [number, number, number] | undefined {
  return (node as Scalar | null)?.range ?? undefined;
}

/** Reads the checksums back, so that an unusual file is an error instead of a wrong edit. */
function confirm(text: string, checksums: ReadonlyMap<string, string>): void {
  const document = parseDocument(text, { prettyErrors: false });
  const images = find(document.contents, "images")?.value;
  for (const [name, checksum] of checksums) {
    const pair = find(images, name);
    if (pair === undefined) continue;
    const found = find(pair.value, "checksum")?.value;
    const written = isMap(found) ? find(found, "digest")?.value : found;
    if (document.errors.length > 0 || !isScalar(written) || written.value !== checksum) throw cannotEdit(name);
  }
}

function cannotEdit(name: string): Error {
  const detail =
    "Its entry is an alias, the value of an anchor, or in an unsupported notation. Write it as a separate mapping with source and checksum.";
  const summary = `The checksum of image ${JSON.stringify(name)} cannot be written into the file`;
  return new UserError([{ severity: "error", code: "cannot-edit", summary, detail, pointer: ["images", name] }]);
}
