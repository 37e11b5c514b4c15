import { basename, dirname } from "node:path/posix";
import { explainFileError } from "../../src/host/file-error.ts";
import { refuseTooLarge } from "../../src/host/sink.ts";
import { userError } from "../../src/model/errors.ts";
import type { FileStat, Files } from "../../src/model/host.ts";
import type { FileTree, Inode } from "./file-tree.ts";
import type { Life } from "./life.ts";
import type { Machine } from "./machine.ts";
import { leaveHalf } from "./program.ts";
import { allocatedBytes, copySparse, digestSparse, emptySparse, readSparse, sparseOf, truncateSparse, writeSparse } from "./sparse.ts";

/** The files of the machine as one process sees and changes them. */
export function fakeFiles({ files, tick, isAlive }: Machine, life: Life, pid: number): Files {
  let temporaries = 0;
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
  /** Names of processes that are dead tell which temporary files nobody will finish. */
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
  return {
    read: (path, range) => soon(`read ${path}`, () => read(path, range?.offset, range?.length)),
    // Anything but a file is as if it were not there.
    readMany: (requests) =>
      soon("read many", () => requests.map(({ path, length }) => (found(path)?.type === "file" ? read(path, 0, length) : undefined))),
    stat: (path) => soon(`stat ${path}`, () => stat(path)),
    statMany: (paths) => soon("stat many", () => paths.map(stat)),
    list: (path) =>
      soon(`list ${path}`, () => {
        const inode = found(path);
        return [...(inode?.entries ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { type }]) => ({ name, type }));
      }),
    makeDirectory: (path, mode) =>
      soon(`make ${path}`, () => {
        if (found(path)?.type !== "directory") life.effect(`makeDirectory ${path}`, () => files.makeDirectories(path, mode));
      }),
    writeAtomic: (path, data, mode = 0o644) =>
      soon(`write ${path}`, () => {
        sweepTemporaries(path);
        const content = sparseOf(Buffer.from(data));
        temporaries += 1;
        const temporary = `${path}.${pid}-${temporaries}.tmp`;
        try {
          life.effect(
            `writeAtomic ${path} (write)`,
            () => files.write(temporary, content, mode),
            (left) => leaveHalf(left, temporary, content),
          );
          files.file(temporary, "chmod").mode = mode;
          life.effect(`writeAtomic ${path} (rename)`, () => files.rename(temporary, path));
        } catch (error) {
          if (!life.dead) files.unlink(temporary);
          throw error;
        }
      }),
    copy: (from, to, options = {}) =>
      soon(`copy ${to}`, () => {
        const { content } = options.followLinks === true ? files.follow(from, "open") : files.file(from, "open");
        refuseTooLarge(from, content.size, options.maxBytes);
        if (found(to)?.type === "file") life.effect(`copy ${to} (remove)`, () => files.unlink(to));
        try {
          life.effect(
            `copy ${to}`,
            () => files.write(to, copySparse(content), 0o600),
            (left) => leaveHalf(left, to, content),
          );
        } catch (error) {
          if (!life.dead) files.unlink(to);
          throw error;
        }
        options.onProgress?.(content.size, content.size);
        const digests = Object.fromEntries((options.digests ?? []).map((algorithm) => [algorithm, digestSparse(content, algorithm)]));
        return { bytes: content.size, digests };
      }),
    publish: (staged, final, mode) =>
      soon(`publish ${final}`, () => {
        if (found(staged) === undefined) files.file(staged, "open");
        const chmod = (tree: FileTree) => {
          const inode = tree.find(staged);
          if (inode !== undefined) inode.mode = mode;
        };
        life.effect(
          `publish ${final}`,
          () => {
            chmod(files);
            files.rename(staged, final);
          },
          chmod,
        );
      }),
    link: (from, to) =>
      soon(`link ${to}`, () => {
        if (found(to) !== undefined && found(to) === found(from)) return;
        if (found(to) !== undefined) throw userError("file-in-the-way", `${to} is in the way`);
        life.effect(`link ${to}`, () => files.link(from, to));
      }),
    remove: (path) =>
      soon(`remove ${path}`, () => {
        if (found(path) !== undefined) life.effect(`remove ${path}`, () => files.unlink(path));
      }),
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
    touch: (path) =>
      soon(`touch ${path}`, () => {
        const inode = files.file(path, "utime");
        life.effect(`touch ${path}`, () => {
          inode.mtimeMs = tick();
        });
      }),
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
    appendLine: (path, line) =>
      soon(`append ${path}`, () => {
        const content = found(path) === undefined ? emptySparse() : copySparse(files.file(path, "open").content);
        const half = copySparse(content);
        const torn = content.size > 0 && readSparse(content, content.size - 1)[0] !== 0x0a;
        writeSparse(content, content.size, Buffer.from(`${torn ? "\n" : ""}${line}\n`));
        writeSparse(half, half.size, Buffer.from(line.slice(0, line.length / 2)));
        life.effect(
          `appendLine ${path}`,
          () => files.write(path, content),
          (left) => left.write(path, half),
        );
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
