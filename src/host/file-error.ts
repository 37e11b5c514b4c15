import { getSystemErrorMap } from "node:util";
import { RefusedError, type UserError, userError } from "../model/errors.ts";

const explanations: Readonly<Record<string, readonly [code: string, summary: string, detail: string]>> = {
  EACCES: ["permission-denied", "No permission", "Run virtform as root, or as a user who may do this."],
  EPERM: [
    "permission-denied",
    "No permission",
    "Run virtform as root, or as a user who may do this. If root is refused too, the file or its directory may be immutable: `lsattr -d` shows it, and `chattr -i` makes it changeable.",
  ],
  EROFS: ["read-only-filesystem", "The filesystem is read-only", "Mount it writable, or choose another instances_path."],
  ENOSPC: ["no-space", "No space left", "Free space on that filesystem and run the same command again; nothing half-made is kept."],
  EDQUOT: ["no-space", "The disk quota is used up", "Raise the quota or free space, and run the same command again."],
  ENOENT: ["no-such-file", "It does not exist", "Check the path."],
  ENOTDIR: ["not-a-directory", "Part of the path is not a directory", "Check the path."],
  EISDIR: ["is-a-directory", "It is a directory", "A file is wanted there."],
  ENXIO: ["not-a-regular-file", "It is a socket or a device", "A regular file is expected there. Move it away."],
  EEXIST: ["file-in-the-way", "Another file has that name", "Look at what it is, and move it away."],
  ENOTEMPTY: ["file-in-the-way", "The directory is not empty", "Look at what is in it, and move it away."],
  EBUSY: ["file-in-use", "It is in use", "End what uses it (fuser -v), and run the same command again."],
  EMFILE: ["too-many-open-files", "Too many files are open", "Raise the limit of open files (ulimit -n)."],
  EFBIG: [
    "file-too-large",
    "The file would be larger than allowed",
    "Raise the limit (ulimit -f), or use a filesystem that allows larger files.",
  ],
  ENAMETOOLONG: ["file-name-too-long", "The name is too long", "Use a shorter path."],
  EIO: ["disk-error", "The disk reports an error", "Look at the kernel's log (dmesg) before going on: the disk may be failing."],
};

/** The errno name of a failed system call, or undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" && "syscall" in error ? error.code : undefined;
}

/**
 * A failed file operation for users: what was tried, where, why it failed, what to do. `doing` is a verb:
 * `write`. Other errors are returned unchanged.
 */
export function explainFileError(error: unknown, doing: string, path: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  if (errno === "ELOOP") return symbolicLink(path);
  const [code, why, detail] = explanations[errno] ?? ["file-error", systemWords(errno, error), "The operating system refused it."];
  const explained: UserError = userError(code, `Cannot ${doing} ${path}: ${why.charAt(0).toLowerCase()}${why.slice(1)}`, detail);
  explained.cause = error;
  return explained;
}

/** `invalid argument (EINVAL)`. */
function systemWords(errno: string, error: unknown): string {
  const known = [...getSystemErrorMap().values()].find(([name]) => name === errno);
  return `${known === undefined ? (error as Error).message.replace(`${errno}: `, "") : known[1]} (${errno})`;
}

/** A link where none is allowed: it could lead to any file of the host. */
export function symbolicLink(path: string): RefusedError {
  return new RefusedError(
    "symbolic-link",
    `${path} is a symbolic link, and links are not followed there, since it could lead to any file of this machine`,
    "Put the file itself in its place.",
  );
}

/** Something else than a file, which could block or never end. `what` it is: `a pipe`. */
export function notRegular(path: string, what: string): RefusedError {
  return new RefusedError(
    "not-a-regular-file",
    `${path} is ${what}, and a regular file is wanted`,
    "Name a regular file, or put one in its place.",
  );
}

/** Runs a file operation, explaining what goes wrong. */
export function explained<T>(doing: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explainFileError(error, doing, path);
  }
}

/** The same for asynchronous operations. */
export async function explainedLater<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainFileError(error, doing, path);
  }
}
