import { mkdirSync, rmdirSync, type Stats, statSync, utimesSync } from "node:fs";
import { directoryIdentity } from "../lock-holder.ts";

type Done<T = void> = (error: Error | null, value?: T) => void;

/**
 * The file operations of proper-lockfile, done synchronously instead of in the thread pool: the steps of taking or releasing
 * a lock follow each other within microseconds, so a kill in between rarely leaves a lock without a holder record. A directory
 * that was not created here is never removed, not even when the process exits.
 */
export function lockFileSystem(record: { readonly write: () => void; readonly remove: () => void }) {
  let identity: string | undefined;
  const remove = (directory: string) => {
    if (identity === undefined || directoryIdentity(directory) !== identity) throw new Error("the lock is no longer ours");
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
