import { readFile, stat } from "node:fs/promises";

/** Why a file cannot be used, in words for a diagnostic. */
export interface ReadProblem {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
}

/** The text of a UTF-8 file that is no longer than `limit` bytes, or why it cannot be had. `shown` is its name for people. Never throws for the file's sake. */
export async function readText(
  path: string,
  limit: number,
  shown: string,
): Promise<{ readonly text: string } | { readonly problem: ReadProblem }> {
  try {
    const found = await stat(path);
    if (!found.isFile()) {
      const what = found.isDirectory() ? "a directory" : "a device, pipe or socket";
      return refuse("not-a-file", `Not a file: ${shown}`, `It is ${what}; a regular file is needed here.`);
    }
    if (found.size > limit) {
      const detail = `It has ${found.size} bytes; at most ${limit} are read. Split it, or check that it is the file you mean.`;
      return refuse("file-too-large", `File too large: ${shown}`, detail);
    }
    const bytes = await readFile(path);
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (error) {
    return { problem: readProblem(shown, error) };
  }
}

/** Words for what the system says when something cannot be read. */
export function readProblem(path: string, error: unknown): ReadProblem {
  const code = (error as { code?: unknown } | null)?.code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return {
      code: "file-not-found",
      summary: `No such file: ${path}`,
      detail: "There is nothing under that name. Check the spelling; relative paths start at the file that names them.",
    };
  }
  if (code === "EACCES" || code === "EPERM") {
    return {
      code: "file-not-readable",
      summary: `Not allowed to read: ${path}`,
      detail: "Give the user that runs virtform the right to read it.",
    };
  }
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
    return {
      code: "file-not-utf8",
      summary: `Not UTF-8 text: ${path}`,
      detail: "The file holds bytes that are not UTF-8. Convert it, for example with iconv -t UTF-8.",
    };
  }
  const detail = typeof code === "string" ? `The system says ${code}.` : "The system gave no reason.";
  return { code: "file-not-readable", summary: `Cannot read: ${path}`, detail };
}

function refuse(code: string, summary: string, detail: string): { readonly problem: ReadProblem } {
  return { problem: { code, summary, detail } };
}
