import { RefusedError, UnreachableError } from "../../model/errors.ts";
import type { DigestAlgorithm, Digests, FileChange, FileStat, Files, Names } from "../../model/host.ts";
import { interrupted } from "../../model/interrupted.ts";
import { digestStopped } from "../local/digest.ts";
import { refuseTooLarge } from "../sink.ts";
import type { Frame } from "./frames.ts";
import type { SshHelper } from "./helper.ts";
import { explainTrouble, TooLarge, type Trouble } from "./trouble-of-file.ts";

/** Limit of operations that move bytes. */
const longMs = 24 * 3_600_000;
/** Limit of a change, which may wait for the disk. */
const changeMs = 1_800_000;
/** Most looks in one frame: more would delay the first answers. */
const together = 2000;

type Words = readonly [name: string, ...args: unknown[]];
/** A change as sent to the helper, with its data. */
type Change = readonly [words: Words, data?: Uint8Array];

interface Found {
  readonly ok?: unknown;
  readonly error?: Trouble;
}

/** The files of a machine at the other end of a connection, through the helper program there. */
export function createSshFiles(helper: SshHelper): Files {
  const look = createLooks(helper);

  async function change(
    doing: string,
    path: string,
    changes: readonly Change[],
    names: Names = "now",
    settle: readonly string[] = [],
    background = false,
  ) {
    const { request, blob } = changeRequest(changes, names, settle);
    const { message } = await helper.ask({ op: "change", ...request }, { blob, what: `${doing} ${path}`, timeoutMs: changeMs, background });
    const results = (message["results"] ?? []) as readonly Found[];
    throwFailedChange(message, changes, { doing, path });
    return results.map(({ ok }) => (Array.isArray(ok) ? fileStat(ok) : undefined));
  }

  async function read(path: string, range?: { readonly offset: number; readonly length: number }): Promise<Buffer | undefined> {
    const { found, data } = await look(["read", path, range?.offset ?? 0, range?.length ?? null]);
    if (found.error !== undefined) throw explainTrouble(found.error, "read", path);
    return found.ok === null ? undefined : data;
  }

  async function stat(path: string): Promise<FileStat | undefined> {
    const { found } = await look(["stat", path]);
    if (found.error !== undefined) throw explainTrouble(found.error, "look at", path);
    return Array.isArray(found.ok) ? fileStat(found.ok) : undefined;
  }

  async function long(
    request: { readonly op: string; readonly [key: string]: unknown },
    doing: string,
    path: string,
    signal?: AbortSignal,
    onFrame?: (frame: Frame) => void,
  ) {
    const { message } = await helper.ask(request, {
      what: `${doing} ${path}`,
      timeoutMs: longMs,
      alone: true,
      signal,
      ...(onFrame === undefined ? {} : { onFrame }),
    });
    const failed = message["error"] as Trouble | undefined;
    if (failed?.errno === "ECANCELED") throw request.op === "digest" ? digestStopped(path) : interrupted(`The copy of ${path}`);
    if (failed !== undefined) throw explainTrouble(failed, doing, failed.path === undefined || failed.path === "" ? path : failed.path);
    return message;
  }

  return {
    read,
    readMany: (requests) =>
      Promise.all(
        requests.map(async ({ path, length }) => {
          try {
            return await read(path, length === undefined ? undefined : { offset: 0, length });
          } catch (error) {
            if (error instanceof RefusedError && (error.code === "symbolic-link" || error.code === "not-a-regular-file")) return undefined;
            throw error;
          }
        }),
      ),
    stat,
    statMany: (paths) => Promise.all(paths.map(stat)),
    identify: (paths) =>
      Promise.all(
        paths.map(async (path) => {
          const { found } = await look(["identify", path]);
          if (found.error !== undefined) throw explainTrouble(found.error, "look at", path);
          if (!Array.isArray(found.ok)) return undefined;
          const [id, real] = found.ok as unknown as readonly [string, string];
          return { id, path: real };
        }),
      ),
    async list(path) {
      const { found } = await look(["list", path]);
      if (found.error !== undefined) throw explainTrouble(found.error, "list", path);
      const entries = found.ok as readonly (readonly [string, number])[];
      return entries.map(([name, mode]) => ({ name, type: typeOfMode(mode) })).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async space(path) {
      const { found } = await look(["space", path]);
      if (found.error !== undefined) throw explainTrouble(found.error, "measure the space of", path);
      const [total = 0, free = 0, filesystem = 0] = found.ok as readonly number[];
      return { total, free, filesystem };
    },
    change: (changes, names, settle) => {
      const first = changes[0];
      if (first === undefined) return Promise.resolve([]);
      return change("change", pathOf(first), changes.map(changeOf), names, settle);
    },
    async settle(directories) {
      const { message } = await helper.ask(
        { op: "settle", paths: directories ?? null },
        { what: "putting names on the disk", timeoutMs: 1_800_000 },
      );
      const failed = message["error"] as Trouble | undefined;
      if (failed !== undefined) throw explainTrouble(failed, "sync", failed.path ?? "");
    },
    makeDirectory: async (path, mode = 0o755) => void (await change("make the directory", path, [[["makeDirectory", path, mode]]])),
    writeAtomic: async (path, data, mode = 0o644) => void (await change("write", path, [[["write", path, mode, true], bytesOf(data)]])),
    publish: async (staged, final, mode) => void (await change("publish", final, [[["publish", staged, final, mode]]])),
    link: async (from, to) => void (await change("link", to, [[["link", from, to]]])),
    remove: async (path) => void (await change("remove", path, [[["remove", path]]])),
    removeTree: async (path) => void (await change("remove", path, [[["removeTree", path]]])),
    touch: async (path) => void (await change("touch", path, [[["touch", path]]])),
    truncate: async (path, bytes) => void (await change("set the length of", path, [[["truncate", path, bytes]]])),
    setMode: async (path, mode) => void (await change("set the mode of", path, [[["setMode", path, mode]]])),
    setOwner: async (path, { uid, gid }) => void (await change("set the owner of", path, [[["setOwner", path, uid, gid]]])),
    async appendLines(path, lines, { durable = false } = {}) {
      // The journal does not wait for it.
      await change("append to", path, [appending(path, lines, durable)], "now", [], !durable);
    },
    async digest(path, algorithms, onProgress, signal) {
      const total = onProgress === undefined ? undefined : (await stat(path))?.size;
      const onFrame = ({ message }: Frame) => onProgress?.(Number(message["progress"]), total);
      const message = await long({ op: "digest", path, algorithms }, "read", path, signal, onFrame);
      if (signal?.aborted === true) throw digestStopped(path);
      if (total !== undefined) onProgress?.(total, total);
      return digestsOf(algorithms, message["digests"]);
    },
    async copy(from, to, options = {}) {
      const { digests = [], maxBytes, followLinks = false, signal, onProgress } = options;
      const total = onProgress === undefined || followLinks ? undefined : (await stat(from))?.size;
      const onFrame = ({ message }: Frame) => onProgress?.(Number(message["progress"]), total);
      const request = { op: "copy", from, to, limit: maxBytes ?? null, follow: followLinks, algorithms: digests };
      try {
        onProgress?.(0, total);
        const message = await long(request, "copy", from, signal, onFrame);
        if (signal?.aborted === true) {
          await change("remove", to, [[["remove", to]]]);
          throw interrupted(`The copy of ${from}`);
        }
        const bytes = Number(message["size"]);
        onProgress?.(bytes, bytes);
        return { bytes, digests: digestsOf(digests, message["digests"]) };
      } catch (error) {
        if (error instanceof TooLarge) refuseTooLarge(from, error.bytes, maxBytes);
        throw error;
      }
    },
  };
}

/** Changes as the helper takes them. */
function changeRequest(changes: readonly Change[], names: Names, settle: readonly string[]) {
  return {
    request: { changes: changes.map(([words, data]) => [words, data?.length ?? null]), later: names === "later", settle },
    blob: Buffer.concat(changes.flatMap(([, data]) => data ?? [])),
  };
}

/** Throws what went wrong with changes, which the helper made up to the first that failed. */
function throwFailedChange(
  message: Frame["message"],
  changes: readonly Change[],
  { doing, path }: { readonly doing: string; readonly path: string },
): void {
  const results = (message["results"] ?? []) as readonly Found[];
  const failed = results.at(-1)?.error ?? (message["error"] as Trouble | undefined);
  if (failed === undefined) return;
  const [name, ...args] = changes[Math.max(0, results.length - 1)]?.[0] ?? [""];
  throw explainTrouble(failed, verbs[name] ?? doing, String(args[target[name] ?? 0] ?? path));
}

/** Changes that are the last work under a lock, with its release, in one request. Throws what went wrong with them; false: the lock was lost. */
export async function changeAndRelease(helper: SshHelper, lock: string, changes: readonly FileChange[]): Promise<boolean> {
  const { request, blob, throwFailed } = lastChanges(changes);
  const { message } = await helper.ask({ op: "finish", lock, ...request }, { blob, what: "changing files", timeoutMs: changeMs });
  throwFailed(message);
  return message["released"] === true;
}

/** Changes that are the last work under a lock, as the helper takes them. `throwFailed`, given its answer, throws what went wrong with them. */
export function lastChanges(changes: readonly FileChange[]) {
  const made = changes.map(changeOf);
  const path = changes[0] === undefined ? "" : pathOf(changes[0]);
  return {
    ...changeRequest(made, "later", []),
    throwFailed: (message: Frame["message"]) => throwFailedChange(message, made, { doing: "change", path }),
  };
}

/**
 * Puts all names on the disk, then appends lines to a file, then releases a lock, in one request. Gives why the lines could not be appended. Throws what went
 * wrong with the names: then nothing is appended. The lock is released in any case; false: it was lost, and nothing was done.
 */
export async function settleAndRelease(
  helper: SshHelper,
  lock: string,
  { path, lines }: { readonly path: string; readonly lines: readonly string[] },
): Promise<{ readonly released: boolean; readonly failure?: Error }> {
  const change = appending(path, lines, false);
  const { request, blob } = changeRequest([change], "now", []);
  const { message } = await helper.ask(
    { op: "finish", lock, settled: true, ...request },
    { blob, what: "putting names on the disk", timeoutMs: changeMs },
  );
  const failed = message["error"] as Trouble | undefined;
  if (failed !== undefined) throw explainTrouble(failed, "sync", failed.path ?? "");
  const released = message["released"] === true;
  try {
    throwFailedChange(message, [change], { doing: "append to", path });
    return { released };
  } catch (failure) {
    return { released, failure: failure as Error };
  }
}

function appending(path: string, lines: readonly string[], durable: boolean): Change {
  return [["append", path, durable], Buffer.from(lines.map((line) => `${line}\n`).join(""))];
}

/** The verb of a change in messages. */
const verbs: Readonly<Record<string, string>> = {
  makeDirectory: "make the directory",
  write: "write",
  makeFile: "make",
  publish: "publish",
  link: "link",
  remove: "remove",
  removeTree: "remove",
  touch: "touch",
  truncate: "set the length of",
  setMode: "set the mode of",
  setOwner: "set the owner of",
  append: "append to",
  copy: "copy",
  rotate: "rotate",
};

/** The index of the target path among the arguments, where it is not 0. */
const target: Readonly<Record<string, number>> = { publish: 1, link: 1, copy: 1 };

function pathOf(change: FileChange): string {
  if (change.do === "copy") return change.to;
  return change.do === "publish" ? change.final : change.path;
}

function changeOf(change: FileChange): Change {
  switch (change.do) {
    case "makeDirectory":
      return [["makeDirectory", change.path, change.mode ?? 0o755]];
    case "write":
      return [["write", change.path, change.mode ?? 0o644, change.staged !== true], bytesOf(change.data)];
    case "makeFile":
      return [["makeFile", change.path, change.mode]];
    case "copy":
      return [["copy", change.from, change.to, null]];
    case "publish":
      return [["publish", change.staged, change.final, change.mode]];
    case "remove":
      return [["remove", change.path]];
    case "touch":
      return [["touch", change.path]];
    case "rotate":
      return [["rotate", change.path, change.keep]];
  }
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}

/**
 * Looks that go out together are one request with one answer: the cost is the round trip, and what follows from any of them goes out together as well, however
 * busy either side is.
 */
function createLooks(helper: SshHelper): (words: Words) => Promise<{ readonly found: Found; readonly data: Buffer }> {
  interface Asked {
    readonly words: Words;
    readonly resolve: (answer: { readonly found: Found; readonly data: Buffer }) => void;
    readonly reject: (error: unknown) => void;
  }
  const asked: Asked[] = [];
  /** Requests that have not gone out, each of which takes as many looks as one may have. */
  let requests = 0;

  async function ask(first: Words): Promise<void> {
    let looks: readonly Asked[] | undefined;
    const take = () => {
      requests -= 1;
      looks = asked.splice(0, together);
      return looks;
    };
    const late = () => {
      const [one, ...more] = take().map(({ words }) => words);
      const what = `${(one ?? first).slice(0, 2).join(" ")}${more.length === 0 ? "" : ` and ${more.length} more`}`;
      return { rest: { looks: one === undefined ? [] : [one, ...more] }, what };
    };
    try {
      const { message, blob } = await helper.ask({ op: "look" }, { what: first.slice(0, 2).join(" "), late });
      const results = (message["results"] ?? []) as readonly Found[];
      let at = 0;
      for (const [index, { words, resolve, reject }] of (looks ?? []).entries()) {
        const found = results[index];
        if (found === undefined) {
          reject(new UnreachableError(`The helper on the host answered ${results.length} of ${looks?.length} questions.`));
          continue;
        }
        const length = words[0] === "read" && typeof found.ok === "number" ? found.ok : 0;
        // A copy, so that a small part does not keep the whole frame in memory.
        resolve({ found, data: Buffer.from(blob.subarray(at, at + length)) });
        at += length;
      }
    } catch (error) {
      // It may have failed before it went out.
      for (const { reject } of looks ?? take()) reject(error);
    }
  }

  return (words) =>
    new Promise((resolve, reject) => {
      asked.push({ words, resolve, reject });
      if (asked.length <= requests * together) return;
      requests += 1;
      void ask(words);
    });
}

function digestsOf(algorithms: readonly DigestAlgorithm[], digests: unknown): Digests {
  const values = Array.isArray(digests) ? digests : [];
  return Object.fromEntries(algorithms.map((algorithm, index) => [algorithm, String(values[index] ?? "")]));
}

/** From mode, size, blocks, seconds, nanoseconds, inode, links, user and group. The time equals what Node reports for a local stat. */
function fileStat([mode, size, blocks, seconds, nanoseconds, inode, links, uid, gid]: readonly number[] | unknown[]): FileStat {
  return {
    type: typeOfMode(Number(mode)),
    size: Number(size),
    allocated: Number(blocks) * 512,
    mtimeMs: Number(seconds) * 1000 + Number(nanoseconds) / 1e6,
    mode: Number(mode) & 0o7777,
    inode: Number(inode),
    links: Number(links),
    uid: Number(uid),
    gid: Number(gid),
  };
}

function typeOfMode(mode: number): FileStat["type"] {
  const kind = mode & 0xf000;
  if (kind === 0x8000) return "file";
  if (kind === 0x4000) return "directory";
  return kind === 0xa000 ? "symlink" : "other";
}
