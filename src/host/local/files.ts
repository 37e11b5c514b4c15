import type { Files } from "../../model/host.ts";
import { makeDirectory, removeLater, removeTree, setMode, setOwner, space, touch, truncate } from "./change.ts";
import { createChanges } from "./changes.ts";
import { copyFile } from "./copy.ts";
import { digestFile } from "./digest.ts";
import { digestBehind } from "./digest-behind.ts";
import { digestParts } from "./digest-parts.ts";
import { inSlices } from "./in-slices.ts";
import { appendLines, link, publish, writeAtomic } from "./publish.ts";
import { identifyFile, listDirectory, readFile, readIfRegular, statFile } from "./read.ts";

/** The files of this machine. Small operations are synchronous; failures are rejections all the same. */
export function createLocalFiles(): Files {
  const { names, ...changes } = createChanges();
  return {
    ...changes,
    read: async (path, range) => readFile(path, range),
    readMany: (requests) => {
      let last: Buffer | undefined;
      return inSlices(requests, ({ path, length }) => {
        const content = readIfRegular(path, length);
        // Equal contents are kept once: the headers of a thousand new overlays are 4 MiB.
        if (content === undefined || last?.equals(content) !== true) last = content;
        return last;
      });
    },
    stat: async (path) => statFile(path),
    statMany: (paths) => inSlices(paths, statFile),
    identify: (paths) => inSlices(paths, identifyFile),
    list: async (path) => listDirectory(path),
    makeDirectory: (path, mode) => makeDirectory(path, mode, names),
    writeAtomic: async (path, data, mode) => void (await writeAtomic(path, data, mode, names)),
    copy: copyFile,
    publish: (staged, final, mode) => publish(staged, final, mode, names),
    link: (from, to) => link(from, to, names),
    remove: removeLater,
    removeTree,
    touch: async (path) => touch(path),
    truncate: async (path, bytes) => truncate(path, bytes),
    setMode: async (path, mode) => setMode(path, mode),
    setOwner: async (path, owner) => setOwner(path, owner),
    appendLines: (path, lines, options) => appendLines(path, lines, { ...options, names }),
    space: async (path) => space(path),
    digest: digestFile,
    digestBehind,
    digestParts,
  };
}
