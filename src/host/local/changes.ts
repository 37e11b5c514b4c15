import { dirname } from "node:path";
import type { FileChange, FileStat, Files } from "../../model/host.ts";
import { errnoOf, explainFileError } from "../file-error.ts";
import { makeDirectory, removeLater, touch } from "./change.ts";
import { copyFile } from "./copy.ts";
import { type NamesChanged, syncDirectory, syncUnderWay } from "./durable.ts";
import { makeFile, publish, writeAtomic, writeStaged } from "./publish.ts";
import { rotate } from "./rotate.ts";

/** Changes made together, and the names that wait for the disk: those of one machine. */
export function createChanges(): Pick<Files, "change" | "settle"> & { readonly names: NamesChanged } {
  const waiting = new Set<string>();

  async function settle(directories: readonly string[] = [...waiting]): Promise<void> {
    for (const directory of directories) {
      try {
        // Another action may have left names there too, and be waiting for the same sync.
        await (waiting.delete(directory) ? syncDirectory(directory) : syncUnderWay(directory));
      } catch (error) {
        // Removed since, and its names with it.
        if (errnoOf(error) !== "ENOENT") throw explainFileError(error, "sync", directory);
      }
    }
  }

  return {
    settle,
    names: async (...paths) => {
      const directories = new Set(paths.map((path) => dirname(path)));
      for (const directory of directories) waiting.add(directory);
      await settle([...directories]);
    },
    async change(changes, when = "now", also = []) {
      const touched = new Set<string>();
      const names: NamesChanged = async (...paths) => {
        for (const path of paths) touched.add(dirname(path));
      };
      const results: (FileStat | undefined)[] = [];
      try {
        for (const change of changes) results.push(await makeOne(change, names));
      } finally {
        for (const directory of touched) waiting.add(directory);
      }
      // The innermost first: a directory appears with what is in it.
      await settle([...(when === "now" ? [...touched].reverse() : []), ...also]);
      return results;
    },
  };
}

async function makeOne(change: FileChange, names: NamesChanged): Promise<FileStat | undefined> {
  switch (change.do) {
    case "makeDirectory":
      await makeDirectory(change.path, change.mode, names);
      break;
    case "write":
      if (change.staged === true) return writeStaged(change.path, change.data, change.mode);
      return writeAtomic(change.path, change.data, change.mode, names);
    case "makeFile":
      await makeFile(change.path, change.mode, names);
      break;
    case "copy":
      await copyFile(change.from, change.to);
      break;
    case "publish":
      await publish(change.staged, change.final, change.mode, names);
      break;
    case "remove":
      await removeLater(change.path);
      break;
    case "touch":
      touch(change.path);
      break;
    case "rotate":
      await rotate(change.path, change.keep, names);
      break;
  }
  return undefined;
}
