import { RefusedError as Refused, type RefusedError, UnreachableError, userError } from "../../model/errors.ts";
import type { FileStat } from "../../model/host.ts";
import { symbolicLink } from "../file-error.ts";
import { errnosIn, remoteFileError } from "./file-error.ts";
import { shellLine } from "./quote.ts";
import type { SshWorkers } from "./worker.ts";

/** How one look ended. */
export interface Look {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** More than this is never wanted whole. */
export const wholeFileBytes = 64 * 2 ** 20;
/** Arguments of one program may come to 128 KiB. */
const argumentBytes = 60_000;
/** Looks in one request: more would only delay the first answers. */
const together = 2000;

/**
 * Looks that are asked for at the same time go as one request, however many they are: what costs is the way, not the look.
 */
export function createLooks(workers: SshWorkers): (words: readonly string[]) => Promise<Look> {
  interface Asked {
    readonly line: string;
    readonly resolve: (look: Look) => void;
    readonly reject: (error: unknown) => void;
  }
  let asked: Asked[] = [];

  async function ask(looks: readonly Asked[]): Promise<void> {
    try {
      const script = (nonce: string) => `nonce=${nonce}; ${looks.map(({ line }) => `look ${line}`).join("; ")}`;
      const { stdout, stderr, nonce } = await workers.run(script);
      const found = splitLooks(stdout, stderr, nonce);
      for (const [index, { resolve, reject }] of looks.entries()) {
        const look = found[index];
        if (look === undefined)
          reject(new UnreachableError(`The host answered ${found.length} of ${looks.length} questions: ${stderr.slice(-500)}`));
        else resolve(look);
      }
    } catch (error) {
      for (const { reject } of looks) reject(error);
    }
  }

  return (words) =>
    new Promise((resolve, reject) => {
      asked.push({ line: shellLine(words), resolve, reject });
      if (asked.length > 1) return;
      setImmediate(() => {
        const all = asked;
        asked = [];
        for (let start = 0; start < all.length; start += together) void ask(all.slice(start, start + together));
      });
    });
}

/** Cuts the answer of a request into those of its looks. Each ends with a mark on both outputs. */
export function splitLooks(stdout: Buffer, stderr: string, nonce: string): Look[] {
  const mark = Buffer.from(`\n${nonce}l `);
  const errors = stderr.split(`${nonce}l\n`);
  const looks: Look[] = [];
  for (let start = 0; ; ) {
    const at = stdout.indexOf(mark, start);
    if (at === -1) return looks;
    const end = stdout.indexOf("\n", at + mark.length);
    if (end === -1) return looks;
    const code = Number(stdout.toString("latin1", at + mark.length, end));
    looks.push({ code, stdout: stdout.subarray(start, at), stderr: errors[looks.length] ?? "" });
    start = end + 1;
  }
}

/** Gives the error that an exit code of the library stands for. */
export function lookError({ code, stderr }: Look, doing: string, path: string): unknown {
  if (code === 80) return symbolicLink(path);
  if (code === 81) return notRegular(path, stderr.trim().split("\n").at(-1) ?? "something else");
  if (code === 83) {
    return userError("file-in-the-way", `${path} is in the way`, "It is a different file already. Look at what it is, and move it away.");
  }
  return remoteFileError(stderr, doing, path);
}

function notRegular(path: string, what: string): RefusedError {
  return new Refused("not-a-regular-file", `${path} is ${what}, and a regular file is wanted.`);
}

/** The content of a look at a file, or undefined when there is none. */
export function contentOf(look: Look, path: string, whole: boolean): Buffer | undefined {
  if (look.code === 0) {
    if (whole && look.stdout.length > wholeFileBytes) throw tooLarge(path);
    return look.stdout;
  }
  if (look.code === 84 && onlyAbsence(look.stderr)) return undefined;
  throw lookError(look, "read", path);
}

/** Whether all that a program complains of is that something is not there. */
export function onlyAbsence(stderr: string): boolean {
  const lines = errnosIn(stderr);
  return lines.length > 0 && lines.every(({ errno }) => errno === "ENOENT" || errno === "ENOTDIR");
}

/** Paths in groups that fit on one command line. */
export function argumentGroups(paths: readonly string[]): string[][] {
  const groups: string[][] = [];
  let room = 0;
  for (const path of paths) {
    const need = Buffer.byteLength(path) + 16;
    if (room < need) {
      groups.push([]);
      room = argumentBytes;
    }
    groups.at(-1)?.push(path);
    room -= need;
  }
  return groups;
}

/** What `states` printed, by path. */
export function parseStates(output: Buffer): Map<string, FileStat> {
  const states = new Map<string, FileStat>();
  for (const record of output.toString("utf8").split("\0")) {
    const match = /^([0-9a-f]+) (\d+) (\d+) (\S+) (\d+) (\d+) ([\s\S]*)$/.exec(record);
    if (match === null) continue;
    const [, mode = "", size, blocks, time, inode, links, path = ""] = match;
    states.set(path, {
      type: typeOfMode(mode),
      size: Number(size),
      allocated: Number(blocks) * 512,
      mtimeMs: milliseconds(time),
      mode: Number.parseInt(mode, 16) & 0o7777,
      inode: Number(inode),
      links: Number(links),
    });
  }
  return states;
}

/** From seconds and nanoseconds, in the steps that Node takes for a stat here: the same time is the same number. */
function milliseconds(time = "0"): number {
  const [seconds, nanoseconds = "0"] = time.split(".");
  return Number(seconds) * 1000 + Number(nanoseconds) / 1e6;
}

/** What `entries` printed, sorted by name. */
export function parseEntries(output: Buffer): { name: string; type: FileStat["type"] }[] {
  return output
    .toString("utf8")
    .split("\0")
    .flatMap((record) => {
      const match = /^([0-9a-f]+) ([\s\S]+)$/.exec(record);
      return match === null ? [] : [{ name: match[2] ?? "", type: typeOfMode(match[1] ?? "") }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function typeOfMode(hex: string): FileStat["type"] {
  const kind = Number.parseInt(hex, 16) & 0xf000;
  if (kind === 0x8000) return "file";
  if (kind === 0x4000) return "directory";
  return kind === 0xa000 ? "symlink" : "other";
}

function tooLarge(path: string): Error {
  return userError(
    "file-too-large",
    `${path} is too large to be read`,
    `At most ${wholeFileBytes} bytes are expected there. Look at what it is, and remove it if it does not belong there.`,
  );
}
