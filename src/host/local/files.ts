import type { Files } from "../../model/host.ts";
import { makeDirectory, removeFile, removeTree, setMode, space, touch, truncate } from "./change.ts";
import { copyFile } from "./copy.ts";
import { digestFile } from "./digest.ts";
import { appendLine, link, publish, writeAtomic } from "./publish.ts";
import { listDirectory, readFile, readIfRegular, statFile } from "./read.ts";

/** The files of this machine. Small things are done at once; a failure is a rejection all the same. */
export function createLocalFiles(): Files {
  return {
    read: async (path, range) => readFile(path, range),
    readMany: async (requests) => requests.map(({ path, length }) => readIfRegular(path, length)),
    stat: async (path) => statFile(path),
    statMany: async (paths) => paths.map(statFile),
    list: async (path) => listDirectory(path),
    makeDirectory,
    writeAtomic,
    copy: copyFile,
    publish,
    link,
    remove: async (path) => removeFile(path),
    removeTree,
    touch: async (path) => touch(path),
    truncate: async (path, bytes) => truncate(path, bytes),
    setMode: async (path, mode) => setMode(path, mode),
    appendLine,
    space,
    digest: digestFile,
  };
}
