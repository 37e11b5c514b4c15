import { CommandError, RefusedError, userError } from "../../model/errors.ts";
import type { Command, CommandResult, DigestAlgorithm, Digests, FileChange, FileStat, Files } from "../../model/host.ts";
import { refuseTooLarge } from "../sink.ts";
import { temporaryName } from "../temporary-name.ts";
import { libraryCommand } from "./command.ts";
import { errnosIn } from "./file-error.ts";
import {
  argumentGroups,
  contentOf,
  createLooks,
  type Look,
  lookError,
  onlyAbsence,
  parseEntries,
  parseStates,
  wholeFileBytes,
} from "./looks.ts";
import { shellLine } from "./quote.ts";
import type { SshWorkers } from "./worker.ts";

/** What moves bytes takes as long as it takes. */
const longMs = 24 * 3_600_000;
/** Files up to this are digested among other looks; larger ones on a channel of their own. */
const smallBytes = 4 * 2 ** 20;
const answers = [0, 80, 81, 82, 83, 84];

/** The files of a machine at the other end of a connection, through the library of shell functions there. */
export function createSshFiles(workers: SshWorkers, run: (command: Command) => Promise<CommandResult>): Files {
  const look = createLooks(workers);

  /** One change: done, or an error that says what was tried. */
  async function change(doing: string, path: string, words: readonly string[], input?: Uint8Array): Promise<void> {
    const reply = await workers.run(shellLine(words), input === undefined ? {} : { input });
    if (reply.code !== 0) throw lookError(reply, doing, path);
  }

  /** Something long, on a channel of its own. */
  async function work(words: readonly string[], signal?: AbortSignal): Promise<Look> {
    const command = libraryCommand(words, { timeoutMs: longMs, okExitCodes: answers, ...(signal === undefined ? {} : { signal }) });
    const { exitCode, stdout, stderr } = await run(command);
    return { code: exitCode, stdout: Buffer.from(stdout), stderr };
  }

  async function read(path: string, range?: { readonly offset: number; readonly length: number }): Promise<Buffer | undefined> {
    const { offset, length } = range ?? { offset: 0, length: wholeFileBytes + 1 };
    return contentOf(await look(["content", path, String(offset), String(length)]), path, range === undefined);
  }

  async function statMany(paths: readonly string[]): Promise<(FileStat | undefined)[]> {
    const states = new Map<string, FileStat>();
    const groups = argumentGroups([...new Set(paths)]);
    await Promise.all(
      groups.map(async (group) => {
        const found = await look(["states", ...group]);
        for (const [path, state] of parseStates(found.stdout)) states.set(path, state);
        if (found.code === 0 || onlyAbsence(found.stderr)) return;
        throw lookError(found, "look at", group.find((path) => !states.has(path)) ?? group[0] ?? "");
      }),
    );
    return paths.map((path) => states.get(path));
  }

  const files: Files = {
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
    stat: async (path) => (await statMany([path]))[0],
    statMany,
    list: async (path) => {
      const found = await look(["entries", path]);
      if (found.code === 0) return parseEntries(found.stdout);
      const lines = errnosIn(found.stderr);
      if (lines.length > 0 && lines.every(({ errno }) => errno === "ENOENT")) return [];
      throw lookError(found, "list", path);
    },
    space: async (path) => {
      const found = await look(["space", path]);
      const [block, total, free, type] = found.stdout.toString("latin1").trim().split(" ");
      if (found.code !== 0) throw lookError(found, "measure the space of", path);
      return { total: Number(block) * Number(total), free: Number(block) * Number(free), filesystem: Number.parseInt(type ?? "", 16) };
    },
    makeDirectory: (path, mode = 0o755) =>
      change("make the directory", path, ["directory", path.replace(/(?<=.)\/+$/, ""), mode.toString(8)]),
    writeAtomic: (path, data, mode = 0o644) => {
      const content = typeof data === "string" ? Buffer.from(data) : data;
      const words = ["replace", temporaryName(path), path, mode.toString(8), String(content.length)];
      return change("write", path, words, content);
    },
    publish: (staged, final, mode) => change("publish", final, ["publish", staged, final, mode.toString(8)]),
    link: (from, to) => change("link", to, ["second", from, to]),
    remove: (path) => change("remove", path, ["discard", path]),
    removeTree: async (path) => {
      const done = await work(["discard_tree", path]);
      if (done.code !== 0) throw lookError(done, "remove", path);
    },
    touch: async (path) => {
      const done = await workers.run(shellLine(["renew", path]));
      const refused = errnosIn(done.stderr).every(
        ({ errno, line }) => line.startsWith("touch:") && (errno === "EACCES" || errno === "EPERM"),
      );
      if (done.code !== 0 && !refused) throw lookError(done, "touch", path);
    },
    truncate: (path, bytes) => change("set the length of", path, ["lengthen", path, String(bytes)]),
    setMode: (path, mode) => change("set the mode of", path, ["mode", path, mode.toString(8)]),
    appendLines: (path, lines) => change("append to", path, ["append", path, lines.join("\n")]),
    // One after the other; the names go to the disk each time.
    async change(changes) {
      const made: (FileStat | undefined)[] = [];
      for (const one of changes) made.push(await makeOne(files, one));
      return made;
    },
    settle: async () => undefined,
    digest: async (path, algorithms, onProgress) => {
      const programs = algorithms.map(programOf);
      const quick = await look(["digest_small", String(smallBytes), path, ...programs]);
      const done = quick.code === 85 ? await work(["digest", path, ...programs]) : quick;
      if (done.code !== 0) throw lookError(done, "read", path);
      if (onProgress !== undefined) {
        const size = (await statMany([path]))[0]?.size ?? 0;
        onProgress(size, size);
      }
      return digestsOf(algorithms, linesOf(done));
    },
    copy: async (from, to, options = {}) => {
      const { digests = [], maxBytes, followLinks = false, signal, onProgress } = options;
      const limit = String(maxBytes ?? Number.MAX_SAFE_INTEGER);
      const words = ["duplicate", from, to, limit, followLinks ? "yes" : "no", ...digests.map(programOf)];
      const watch = onProgress === undefined ? undefined : await watchGrowth(from, to, onProgress);
      try {
        const done = await work(words, signal);
        if (done.code === 82) refuseTooLarge(from, Number(linesOf(done)[0]), maxBytes);
        if (done.code !== 0) throw lookError(done, done.stderr.includes(to) ? "write" : "read", done.stderr.includes(to) ? to : from);
        const [length, ...sums] = linesOf(done);
        const bytes = Number(length);
        onProgress?.(bytes, bytes);
        return { bytes, digests: digestsOf(digests, sums) };
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        await change("remove", to, ["discard", to]);
        throw error.reason === "aborted" ? userError("interrupted", `The copy of ${from} was stopped`) : error;
      } finally {
        watch?.();
      }
    },
  };

  return files;

  /** Tells every second how long the copy has become. */
  async function watchGrowth(from: string, to: string, tell: (done: number, total: number | undefined) => void): Promise<() => void> {
    const total = (await statMany([from]))[0];
    tell(0, total?.type === "file" ? total.size : undefined);
    const timer = setInterval(() => {
      statMany([to]).then(
        ([state]) => tell(state?.size ?? 0, total?.type === "file" ? total.size : undefined),
        () => undefined,
      );
    }, 1000);
    return () => clearInterval(timer);
  }
}

async function makeOne(files: Files, change: FileChange): Promise<FileStat | undefined> {
  if (change.do === "makeDirectory") await files.makeDirectory(change.path, change.mode);
  else if (change.do === "write") await files.writeAtomic(change.path, change.data, change.mode);
  else if (change.do === "makeFile") {
    if ((await files.stat(change.path)) !== undefined) return undefined;
    await files.truncate(change.path, 0);
    await files.setMode(change.path, change.mode);
  } else if (change.do === "copy") await files.copy(change.from, change.to);
  else if (change.do === "publish") await files.publish(change.staged, change.final, change.mode);
  else if (change.do === "remove") await files.remove(change.path);
  else await files.touch(change.path);
  return change.do === "write" ? files.stat(change.path) : undefined;
}

/** The program of coreutils that computes a digest. */
function programOf(algorithm: DigestAlgorithm): string {
  return `${algorithm}sum`;
}

function digestsOf(algorithms: readonly DigestAlgorithm[], lines: readonly string[]): Digests {
  return Object.fromEntries(algorithms.map((algorithm, index) => [algorithm, (lines[index] ?? "").replace(/^\\/, "")]));
}

function linesOf({ stdout }: Look): string[] {
  return stdout
    .toString("latin1")
    .split("\n")
    .filter((line) => line !== "");
}
