import { closeSync, constants, fchownSync, fstatSync, lstatSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { userError } from "../../model/errors.ts";
import { errnoOf, explainFileError } from "../file-error.ts";

/** SQLite's codes for a lock that is held elsewhere. */
const busyCodes: readonly unknown[] = [5, 6];

/**
 * Takes an exclusive POSIX lock on a file, which is created if it is missing, and returns what releases it; undefined when another process has one. The
 * kernel releases it when this process ends. Node has no call for such locks: SQLite takes them on bytes at 1 GiB of a database, which an empty file
 * is, and a lock of the whole file, as Python's `lockf` takes it for Nova, covers these. Nothing is written to the file.
 */
export async function tryFileLock(path: string): Promise<(() => void) | undefined> {
  // The script with its code cache has no dynamic import of modules of Node.
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  for (;;) {
    const before = makeLockFile(path);
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      // Without a journal no second file appears beside it.
      database.exec("PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE");
    } catch (error) {
      database.close();
      if (busyCodes.includes((error as { errcode?: unknown }).errcode)) return undefined;
      throw userError(
        "lock-file-unusable",
        `The lock file ${path} cannot be locked`,
        `${(error as Error).message}. It must be an empty file on a filesystem with POSIX locks. Remove it if no program uses it.`,
      );
    }
    // Nova removes lock files (GC-07): a lock on a removed file does not exclude other processes.
    if (inodeOf(path) === before) return () => database.close();
    database.close();
  }
}

/** Creates the lock file if it is missing, owned by the owner of its directory: Nova opens it as that user. Returns its inode. */
function makeLockFile(path: string): number {
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const descriptor = openSync(path, flags, 0o644);
    try {
      const { uid, ino } = fstatSync(descriptor);
      const directory = statSync(dirname(path));
      if (process.getuid?.() === 0 && uid === 0 && directory.uid !== 0) fchownSync(descriptor, directory.uid, directory.gid);
      return ino;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw explainFileError(error, "open the lock file", path);
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return lstatSync(path).ino;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw explainFileError(error, "look at the lock file", path);
  }
}
