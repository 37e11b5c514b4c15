import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";

/** Why a file cannot be used, as the parts of a diagnostic. */
export interface ReadProblem {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
}

/** The text of a UTF-8 file of at most `limit` bytes, or why it cannot be read. `shown` is its displayed name. File errors do not throw. */
export function readTextSync(path: string, limit: number, shown: string): { readonly text: string } | { readonly problem: ReadProblem } {
  const read = readBytesSync(path, limit, shown);
  return "problem" in read ? read : decode(read.bytes, shown);
}

/** The same for code that waits. At once all the same: configurations are small, and threads for reading them take longer to start than the reading. */
export async function readText(path: string, limit: number, shown: string): Promise<ReturnType<typeof readTextSync>> {
  return readTextSync(path, limit, shown);
}

function decode(bytes: Buffer, shown: string): { readonly text: string } | { readonly problem: ReadProblem } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (error) {
    return { problem: readProblem(shown, error) };
  }
}

/** The content of a file of at most `limit` bytes, or why it cannot be read. File errors do not throw. */
export async function readBytes(path: string, limit: number, shown: string): Promise<ReturnType<typeof readBytesSync>> {
  return readBytesSync(path, limit, shown);
}

/** The same at once. */
export function readBytesSync(path: string, limit: number, shown: string): { readonly bytes: Buffer } | { readonly problem: ReadProblem } {
  try {
    // Opening a pipe would wait for its other end.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = fstatSync(descriptor);
      const problem = unusable(found, limit, shown);
      if (problem !== undefined) return problem;
      const bytes = readUpTo(descriptor, found.size, limit);
      return bytes === undefined ? tooLarge(shown, `more than ${limit}`, limit) : { bytes };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return { problem: readProblem(shown, error) };
  }
}

/** The content of a file; undefined when it is longer than the limit. Files that the kernel makes up have the size 0, and may have no end. */
function readUpTo(descriptor: number, size: number, limit: number): Buffer | undefined {
  const pieces: Buffer[] = [];
  let total = 0;
  for (;;) {
    // One byte more, so that the end of a file is found with its content.
    const piece = Buffer.allocUnsafe(size > 0 && total <= size ? size - total + 1 : 65_536);
    const count = readSync(descriptor, piece, 0, piece.length, null);
    total += count;
    if (total > limit) return undefined;
    if (count === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, count));
  }
}

function unusable(found: Stats, limit: number, shown: string): { readonly problem: ReadProblem } | undefined {
  if (!found.isFile()) {
    const what = found.isDirectory() ? "a directory" : "a device, pipe or socket";
    return refuse("not-a-file", `Not a file: ${shown}`, `It is ${what}; a regular file is required.`);
  }
  if (found.size <= limit) return undefined;
  return tooLarge(shown, String(found.size), limit);
}

function tooLarge(shown: string, bytes: string, limit: number): { readonly problem: ReadProblem } {
  const detail = `It has ${bytes} bytes; the maximum is ${limit}. Split it, or check that it is the intended file.`;
  return refuse("file-too-large", `File too large: ${shown}`, detail);
}

/** The problem of a system error of a read. */
export function readProblem(path: string, error: unknown): ReadProblem {
  const code = (error as { code?: unknown } | null)?.code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return {
      code: "file-not-found",
      summary: `No such file: ${path}`,
      detail: "The file does not exist. Check the spelling; relative paths are relative to the file that contains them.",
    };
  }
  if (code === "EACCES" || code === "EPERM") {
    return {
      code: "file-not-readable",
      summary: `Permission denied: ${path}`,
      detail: "Give the user that runs virtform permission to read it.",
    };
  }
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
    return {
      code: "file-not-utf8",
      summary: `Not UTF-8 text: ${path}`,
      detail: "The file contains bytes that are not UTF-8. Convert it, for example with iconv -t UTF-8.",
    };
  }
  const detail = typeof code === "string" ? `The system reports ${code}.` : "The system reported no reason.";
  return { code: "file-not-readable", summary: `Cannot read: ${path}`, detail };
}

function refuse(code: string, summary: string, detail: string): { readonly problem: ReadProblem } {
  return { problem: { code, summary, detail } };
}
