import { isUtf8 } from "node:buffer";
import { access } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseQuantity } from "../model/quantity.ts";
import { checkStart, isGzip } from "./check-start.ts";
import type { Schema } from "./keywords.ts";
import { describePointer, type Pointer, type Problem } from "./problem.ts";
import { readBytes, readProblem, readText } from "./read-text.ts";
import { type Visit, walk } from "./walk.ts";

const longestFile = 1024 * 1024;

/**
 * Replaces values in place: relative paths by absolute ones, files by their text, sizes by bytes. `fileOf` returns the absolute path
 * of the file that holds a value; relative paths start there. Values that are not valid stay as they are.
 */
export async function resolveInputs(schema: Schema, config: unknown, fileOf: (pointer: Pointer) => string): Promise<Problem[]> {
  const problems: Problem[] = [];
  const inputs = [...walk(schema, config)].filter(
    ({ schema: { path, quantity, readInto, bytesInto, textInput } }) => path ?? quantity ?? readInto ?? bytesInto ?? textInput,
  );
  for (const visit of inputs) {
    const { pointer, parent } = visit;
    const key = pointer.at(-1);
    if (parent === undefined || key === undefined) continue;
    const target = { ...visit, holder: parent.value, key, folder: dirname(fileOf(pointer)) };
    if (visit.schema.path !== undefined) makeAbsolute(target);
    if (visit.schema.quantity !== undefined) makeBytes(target);
    if (visit.schema.readInto !== undefined) problems.push(...(await readInto(target, visit.schema.readInto, parent.schema)));
    if (visit.schema.bytesInto !== undefined) problems.push(...(await bytesInto(target, visit.schema.bytesInto)));
    if (visit.schema.textInput !== undefined) problems.push(...(await readTextInput(target, visit.schema.textInput)));
  }
  return problems;
}

interface Target extends Visit {
  readonly holder: Record<string | number, unknown>;
  readonly key: string | number;
  readonly folder: string;
}

function makeAbsolute({ value, holder, key, folder }: Target): void {
  if (typeof value === "string" && value !== "" && !/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.test(value)) holder[key] = resolve(folder, value);
}

function makeBytes({ value, holder, key }: Target): void {
  const bytes = typeof value === "string" ? parseQuantity(value) : undefined;
  if (bytes !== undefined) holder[key] = bytes;
}

async function readInto(target: Target, sibling: string, parent: Schema): Promise<Problem[]> {
  const { value, holder, key, folder, pointer } = target;
  if (typeof value !== "string" || value === "" || holder[sibling] !== undefined) return [];
  const read = await readText(resolve(folder, value), longestFile, value);
  if ("problem" in read) return [{ ...read.problem, pointer, of: "value" }];
  const text = read.text.trim();
  const part = parent.properties?.[sibling];
  if (part?.pattern !== undefined && !new RegExp(part.pattern, "u").test(text)) {
    const detail = text.includes("PRIVATE KEY")
      ? "It contains a private key, which must never be shared. Use the .pub file beside it."
      : `Expected ${part.expects ?? sibling}.`;
    return [{ code: "wrong-file-content", summary: `Unexpected content: ${value}`, detail, pointer, of: "value" }];
  }
  delete holder[key];
  holder[sibling] = text;
  return [];
}

async function bytesInto({ value, holder, key, folder, pointer }: Target, sibling: string): Promise<Problem[]> {
  if (typeof value !== "string" || value === "" || holder[sibling] !== undefined) return [];
  const read = await readBytes(resolve(folder, value), longestFile, value);
  if ("problem" in read) return [{ ...read.problem, pointer, of: "value" }];
  delete holder[key];
  holder[sibling] = read.bytes.toString("base64");
  return [];
}

/** Text becomes `{ text }`, and the content of a gzip file `{ gzip }` in base64. */
async function readTextInput(target: Target, { maximumEncoded, starts }: NonNullable<Schema["textInput"]>): Promise<Problem[]> {
  const { value, holder, key, folder, pointer } = target;
  const file = fileNamed(value);
  let bytes: Buffer;
  if (file !== undefined) {
    const read = await readBytes(resolve(folder, file.name), longestFile, file.name);
    if ("problem" in read) return [{ ...read.problem, pointer: [...pointer, ...file.below], of: "value" }];
    bytes = read.bytes;
    if (!isGzip(bytes) && !isUtf8(bytes))
      return [
        { ...readProblem(file.name, { code: "ERR_ENCODING_INVALID_ENCODED_DATA" }), pointer: [...pointer, ...file.below], of: "value" },
      ];
  } else if (typeof value === "string") {
    bytes = Buffer.from(value);
  } else {
    return [];
  }
  holder[key] = isGzip(bytes) ? { gzip: bytes.toString("base64") } : { text: bytes.toString("utf8") };
  const encoded = Math.ceil(bytes.length / 3) * 4;
  if (encoded > maximumEncoded) {
    const detail = `${describePointer(pointer)} has ${encoded} bytes in base64; the maximum is ${maximumEncoded}. Compress the file with gzip, or let the guest fetch the rest, for example with #include.`;
    return [{ code: "text-too-long", summary: "The text is too long", detail, pointer, of: "key" }];
  }
  const asPath = file === undefined ? await looksLikePath(bytes.toString("utf8"), folder, pointer) : [];
  if (asPath.length > 0) return asPath;
  const problem = checkStart(bytes, starts);
  return problem === undefined ? [] : [{ ...problem, pointer: [...pointer, ...(file?.below ?? [])], of: "value" }];
}

/** The file of a text input, and the position of its name below the input. */
function fileNamed(value: unknown): { name: string; below: Pointer } | undefined {
  if (typeof value === "string") return /^(\.{0,2}\/)[^\n]*\n?$/.test(value) ? { name: value.trimEnd(), below: [] } : undefined;
  const name = (value as { file?: unknown } | null)?.file;
  return typeof name === "string" && name !== "" ? { name, below: ["file"] } : undefined;
}

async function looksLikePath(text: string, folder: string, pointer: Pointer): Promise<Problem[]> {
  const word = text.trim();
  if (!/^[^\s#]{1,255}$/.test(word)) return [];
  const exists = await access(resolve(folder, word)).then(
    () => true,
    () => false,
  );
  if (!exists && !word.startsWith("~/")) return [];
  const advice = exists ? `write ./${word}` : "write the path without ~";
  return [
    {
      severity: "warning",
      code: "text-looks-like-path",
      summary: "The text looks like a path",
      detail: `${describePointer(pointer)} is used as literal text. To use a file, ${advice}.`,
      pointer,
      of: "value",
    },
  ];
}
