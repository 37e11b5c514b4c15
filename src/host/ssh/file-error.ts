import { type UserError, userError } from "../../model/errors.ts";
import { explainFileError } from "../file-error.ts";

/** The system's words in the C locale, and those of shells that have their own. */
const words: readonly (readonly [RegExp, string])[] = [
  [/(?:No such file or directory|Directory nonexistent|No such file)$/, "ENOENT"],
  [/Permission denied$/, "EACCES"],
  [/Operation not permitted$/, "EPERM"],
  [/Not a directory$/, "ENOTDIR"],
  [/Is a directory$/, "EISDIR"],
  [/Read-only file system$/, "EROFS"],
  [/No space left on device$/, "ENOSPC"],
  [/Disk quota exceeded$/, "EDQUOT"],
  [/Input\/output error$/, "EIO"],
  [/Too many levels of symbolic links$/, "ELOOP"],
  [/File exists$/, "EEXIST"],
];

/** The errno names that a program's error output speaks of, line by line; what is not known is left as it is. */
export function errnosIn(stderr: string): { readonly line: string; readonly errno: string | undefined }[] {
  return stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => ({ line, errno: words.find(([pattern]) => pattern.test(line))?.[1] }));
}

/** What a failed file operation over there means for the user, in the same words as for one here. */
export function remoteFileError(stderr: string, doing: string, path: string): unknown {
  const lines = errnosIn(stderr);
  const known = lines.find(({ errno }) => errno !== undefined) ?? lines.at(-1);
  if (known?.errno !== undefined) {
    return explainFileError(Object.assign(new Error(known.line), { code: known.errno, syscall: doing }), doing, path);
  }
  const failure: UserError = userError(
    "file-error",
    `Cannot ${doing} ${path}: ${known?.line ?? "the host does not say why"}`,
    "The host refused it.",
  );
  return failure;
}
