import { basename, dirname } from "node:path/posix";
import { explainFileError } from "../../src/host/file-error.ts";
import { refuseTooLarge } from "../../src/host/sink.ts";
import { userError } from "../../src/model/errors.ts";
import type { FileChange, FileStat, Files, Names } from "../../src/model/host.ts";
import { rotatedName } from "../../src/model/layout.ts";
import type { FileTree, Inode } from "./file-tree.ts";
import type { Life } from "./life.ts";
import type { Machine } from "./machine.ts";
import { leaveHalf } from "./program.ts";
import { allocatedBytes, copySparse, digestSparse, emptySparse, readSparse, sparseOf, truncateSparse, writeSparse } from "./sparse.ts";

/** The files of the machine as one process sees and changes them. */
export function fakeFiles({ files, tick, isAlive }: Machine, life: Life, pid: number): Files {
  let temporaries = 0;
  /** Directories with names that are left for later. */
  const waiting = new Set<string>();
  const stat = (path: string): FileStat | undefined => {
    const inode = found(path);
    if (inode === undefined) return undefined;
    return {
      type: inode.type,
      size: inode.type === "file" ? inode.content.size : 4096,
      allocated: allocatedBytes(inode.content),
      mtimeMs: inode.mtimeMs,
      mode: inode.mode,
      inode: inode.number,
      links: inode.links,
      uid: inode.uid,
      gid: inode.gid,
    };
  };
  /** Below a file there is nothing. */
  const found = (path: string): Inode | undefined => {
    try {
      return files.find(path);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOTDIR") return undefined;
      throw error;
    }
  };
  const read = (path: string, offset?: number, length?: number): Buffer | undefined =>
    found(path) === undefined ? undefined : readSparse(files.file(path, "open").content, offset, length);
  /** The process number in its name tells whether a temporary file can still be finished. */
  const sweepTemporaries = (path: string) => {
    const directory = dirname(path);
    for (const name of [...(found(directory)?.entries.keys() ?? [])]) {
      const match = /^(.*)\.(\d+)-\d+\.tmp$/.exec(name);
      if (match !== null && match[1] === basename(path) && !isAlive(Number(match[2]))) files.unlink(`${directory}/${name}`);
    }
  };

  /** Everything answers later, as a real file system does. */
  const soon = async <T>(what: string, work: () => T): Promise<T> => {
    life.check(what);
    await Promise.resolve();
    life.check(what);
    try {
      return work();
    } catch (error) {
      // In the words of the real one, so that what is said to people can be tested here.
      throw explainFileError(error, what.slice(0, what.indexOf(" ")), what.slice(what.indexOf(" ") + 1));
    }
  };
  const sync = (directory: string) => {
    waiting.delete(directory);
    if (files.hasUnsyncedNames(directory)) life.effect(`sync ${directory}`, () => files.syncDirectory(directory));
  };
  const namesChanged = (when: Names, ...paths: readonly string[]) => {
    for (const directory of new Set(paths.map((path) => dirname(path)))) {
      if (when === "later") waiting.add(directory);
      else sync(directory);
    }
  };

  const makeDirectory = (path: string, mode: number | undefined, when: Names) => {
    if (found(path)?.type === "directory") return;
    const parents = [path];
    for (let parent = dirname(path); found(parent) === undefined; parent = dirname(parent)) parents.unshift(parent);
    life.effect(`makeDirectory ${path}`, () => files.makeDirectories(path, mode));
    namesChanged(when, ...parents);
  };
  const writeAtomic = (path: string, data: string | Uint8Array, mode: number, when: Names): FileStat | undefined => {
    sweepTemporaries(path);
    const content = sparseOf(Buffer.from(data));
    temporaries += 1;
    const temporary = `${path}.${pid}-${temporaries}.tmp`;
    try {
      life.effect(
        `writeAtomic ${path} (write)`,
        () => {
          files.write(temporary, content, mode);
          files.syncFile(temporary);
        },
        (tree) => leaveHalf(tree, temporary, content),
      );
      files.file(temporary, "chmod").mode = mode;
      life.effect(`writeAtomic ${path} (rename)`, () => files.rename(temporary, path));
    } catch (error) {
      if (!life.dead) files.unlink(temporary);
      throw error;
    }
    namesChanged(when, path);
    return stat(path);
  };
  const writeStaged = (path: string, data: string | Uint8Array, mode: number): FileStat | undefined => {
    if (found(path) !== undefined) life.effect(`writeStaged ${path} (remove)`, () => files.unlink(path));
    const content = sparseOf(Buffer.from(data));
    life.effect(
      `writeStaged ${path}`,
      () => files.write(path, content, mode),
      (tree) => leaveHalf(tree, path, content),
    );
    files.file(path, "chmod").mode = mode;
    return stat(path);
  };
  const copy: CopyNow = (from, to, options = {}) => {
    const { content } = options.followLinks === true ? files.follow(from, "open") : files.file(from, "open");
    refuseTooLarge(from, content.size, options.maxBytes);
    if (found(to)?.type === "file") life.effect(`copy ${to} (remove)`, () => files.unlink(to));
    try {
      life.effect(
        `copy ${to}`,
        () => files.write(to, copySparse(content), 0o600),
        (tree) => leaveHalf(tree, to, content),
      );
    } catch (error) {
      if (!life.dead) files.unlink(to);
      throw error;
    }
    options.onProgress?.(content.size, content.size);
    const digests = Object.fromEntries((options.digests ?? []).map((algorithm) => [algorithm, digestSparse(content, algorithm)]));
    return { bytes: content.size, digests };
  };
  const publish = (staged: string, final: string, mode: number, when: Names) => {
    const inode = files.find(staged) ?? files.file(staged, "open");
    const chmod = () => {
      inode.mode = mode;
    };
    life.effect(
      `publish ${final}`,
      () => {
        chmod();
        if (inode.type === "directory") files.syncDirectory(staged);
        else files.syncFile(staged);
        files.rename(staged, final);
      },
      (tree) => {
        const half = tree.find(staged);
        if (half !== undefined) half.mode = mode;
      },
    );
    namesChanged(when, staged, final);
  };
  const remove = (path: string) => {
    if (found(path) !== undefined) life.effect(`remove ${path}`, () => files.unlink(path));
  };
  const touch = (path: string) => {
    const inode = files.file(path, "utime");
    life.effect(`touch ${path}`, () => {
      inode.mtimeMs = tick();
    });
  };
  const makeFile = (path: string, mode: number, when: Names) => {
    if (found(path) !== undefined) return;
    life.effect(`makeFile ${path}`, () => {
      files.write(path, emptySparse(), mode).mode = mode;
    });
    namesChanged(when, path);
  };
  const rotate = (path: string, keep: number, when: Names) => {
    if ((stat(path)?.size ?? 0) === 0) return;
    for (let number = keep; number > 0; number -= 1) {
      const older = number === 1 ? path : rotatedName(path, number - 1);
      if (found(older) !== undefined) life.effect(`rotate ${older}`, () => files.rename(older, rotatedName(path, number)));
    }
    namesChanged(when, path);
  };
  const makeOne = (change: FileChange, when: Names): FileStat | undefined => {
    if (change.do === "makeDirectory") makeDirectory(change.path, change.mode, when);
    else if (change.do === "write" && change.staged === true) return writeStaged(change.path, change.data, change.mode ?? 0o644);
    else if (change.do === "write") return writeAtomic(change.path, change.data, change.mode ?? 0o644, when);
    else if (change.do === "makeFile") makeFile(change.path, change.mode, when);
    else if (change.do === "copy") copy(change.from, change.to);
    else if (change.do === "publish") publish(change.staged, change.final, change.mode, when);
    else if (change.do === "remove") remove(change.path);
    else if (change.do === "rotate") rotate(change.path, change.keep, when);
    else touch(change.path);
    return undefined;
  };

  return {
    change: (changes, when = "now", also = []) =>
      soon("change several", () => {
        const made = changes.map((change) => {
          try {
            return makeOne(change, "later");
          } catch (error) {
            throw explainFileError(error, change.do, pathOf(change));
          }
        });
        const touched = [...waiting].filter((one) => (when === "now" && touches(changes, one)) || also.includes(one));
        for (const directory of touched.reverse()) sync(directory);
        return made;
      }),
    settle: (directories) =>
      soon("settle", () => {
        for (const one of directories ?? [...waiting]) if (waiting.has(one)) sync(one);
      }),
    read: (path, range) => soon(`read ${path}`, () => read(path, range?.offset, range?.length)),
    // Anything but a file is as if it were not there.
    readMany: (requests) =>
      soon("read many", () => requests.map(({ path, length }) => (found(path)?.type === "file" ? read(path, 0, length) : undefined))),
    stat: (path) => soon(`stat ${path}`, () => stat(path)),
    statMany: (paths) => soon("stat many", () => paths.map(stat)),
    identify: (paths) => soon("identify", () => paths.map((path) => files.identify(path))),
    list: (path) =>
      soon(`list ${path}`, () => {
        const inode = found(path);
        return [...(inode?.entries ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { type }]) => ({ name, type }));
      }),
    makeDirectory: (path, mode) => soon(`make ${path}`, () => makeDirectory(path, mode, "now")),
    writeAtomic: (path, data, mode = 0o644) => soon(`write ${path}`, () => void writeAtomic(path, data, mode, "now")),
    copy: (from, to, options) => soon(`copy ${to}`, () => copy(from, to, options)),
    publish: (staged, final, mode) => soon(`publish ${final}`, () => publish(staged, final, mode, "now")),
    link: (from, to) =>
      soon(`link ${to}`, () => {
        if (found(to) !== undefined && found(to) === found(from)) return;
        if (found(to) !== undefined) throw userError("file-in-the-way", `${to} is in the way`, "");
        life.effect(`link ${to}`, () => files.link(from, to));
        namesChanged("now", to);
      }),
    remove: (path) => soon(`remove ${path}`, () => remove(path)),
    removeTree: (path) =>
      soon(`remove tree ${path}`, () => {
        const inode = found(path);
        if (inode === undefined) return;
        const names = [...inode.entries.keys()].sort();
        const half = (left: FileTree) => {
          for (const name of names.slice(0, Math.ceil(names.length / 2))) left.removeTree(`${path}/${name}`);
        };
        life.effect(`removeTree ${path}`, () => files.removeTree(path), half);
      }),
    touch: (path) => soon(`touch ${path}`, () => touch(path)),
    truncate: (path, bytes) =>
      soon(`truncate ${path}`, () => {
        const content = found(path) === undefined ? emptySparse() : copySparse(files.file(path, "open").content);
        truncateSparse(content, bytes);
        life.effect(`truncate ${path}`, () => files.write(path, content));
      }),
    setMode: (path, mode) =>
      soon(`chmod ${path}`, () => {
        const inode = files.find(path);
        if (inode === undefined) files.file(path, "chmod");
        else
          life.effect(`setMode ${path}`, () => {
            inode.mode = mode;
          });
      }),
    setOwner: (path, { uid, gid }) =>
      soon(`chown ${path}`, () => {
        const inode = files.find(path);
        if (inode === undefined) files.file(path, "chown");
        else life.effect(`setOwner ${path}`, () => void Object.assign(inode, { uid, gid }));
      }),
    appendLines: (path, lines, { durable = false } = {}) =>
      soon(`append ${path}`, () => {
        const text = lines.map((line) => `${line}\n`).join("");
        const content = found(path) === undefined ? emptySparse() : copySparse(files.file(path, "open").content);
        const half = copySparse(content);
        const torn = content.size > 0 && readSparse(content, content.size - 1)[0] !== 0x0a;
        writeSparse(content, content.size, Buffer.from(`${torn ? "\n" : ""}${text}`));
        writeSparse(half, half.size, Buffer.from(text.slice(0, text.length / 2)));
        life.effect(
          `appendLines ${path}`,
          () => files.write(path, content),
          (left) => left.write(path, half),
        );
        if (!durable) return;
        files.syncFile(path);
        namesChanged("now", path);
      }),
    space: (path) => soon(`space ${path}`, () => ({ total: files.capacity, free: Math.max(0, files.capacity - files.used()) })),
    digest: (path, algorithms, onProgress) =>
      soon(`digest ${path}`, () => {
        const { content } = files.file(path, "open");
        onProgress?.(content.size, content.size);
        return Object.fromEntries(algorithms.map((algorithm) => [algorithm, digestSparse(content, algorithm)]));
      }),
  };
}

type CopyNow = (...args: Parameters<Files["copy"]>) => Awaited<ReturnType<Files["copy"]>>;

function pathOf(change: FileChange): string {
  if (change.do === "copy") return change.to;
  return change.do === "publish" ? change.final : change.path;
}

/** Whether one of the changes may have given or taken a name in a directory. */
function touches(changes: readonly FileChange[], directory: string): boolean {
  return changes.some((change) => {
    const paths = change.do === "publish" ? [change.staged, change.final] : [pathOf(change)];
    return paths.some((path) => dirname(path) === directory || path.startsWith(`${directory}/`));
  });
}
