import { mkdirSync, rmdirSync, type Stats, statSync, utimesSync } from "node:fs";
import { directoryIdentity } from "../lock-holder.ts";

type Done<T = void> = (error: Error | null, value?: T) => void;

/**
 * The file operations of proper-lockfile, done at once instead of through the thread pool: what belongs to taking a lock, or
 * to giving it back, happens within microseconds of each other, and a kill in between leaves a lock without a holder as
 * rarely as can be. A directory that is not the one made here is never removed, not even when the process ends.
 */
export function lockFileSystem(record: { readonly write: () => void; readonly remove: () => void }) {
  let identity: string | undefined;
  const remove = (directory: string) => {
    if (identity === undefined || directoryIdentity(directory) !== identity) throw new Error("the lock is not ours any more");
    record.remove();
    rmdirSync(directory);
  };
  return {
    mkdir: atOnce((directory: string) => {
      mkdirSync(directory);
      identity = directoryIdentity(directory);
      record.write();
    }),
    rmdir: atOnce(remove),
    rmdirSync: remove,
    stat: atOnce((path: string): Stats => statSync(path)),
    utimes: (path: string, atime: Date, mtime: Date, done: Done) => atOnce(() => utimesSync(path, atime, mtime))(path, done),
  };
}

function atOnce<T>(work: (path: string) => T): (path: string, done: Done<T>) => void {
  return (path, done) => {
    let value: T;
    try {
      value = work(path);
    } catch (error) {
      done(error as Error);
      return;
    }
    done(null, value);
  };
}
