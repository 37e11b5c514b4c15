import { userError } from "../../model/errors.ts";
import { explainFileError, notRegular, symbolicLink } from "../file-error.ts";

/** What went wrong on the remote, as the helper says it. */
export interface Trouble {
  readonly refused?: string;
  readonly what?: string;
  readonly errno?: string;
  readonly words?: string;
  readonly path?: string;
}

/** A file that is larger than asked for; the caller knows the limit. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
  readonly bytes: number;
  constructor(bytes: number) {
    super("too large");
    this.bytes = bytes;
  }
}

/** The same errors as for a file of this machine. */
export function explainTrouble({ refused, what = "", errno = "EIO", words = "", path }: Trouble, doing: string, of: string): unknown {
  const named = path === undefined || path === "" ? of : path;
  if (refused === "symbolic-link") return symbolicLink(named);
  if (refused === "not-a-regular-file") return notRegular(named, what);
  if (refused === "image-too-large") return new TooLarge(Number(what));
  if (refused === "file-too-large") {
    const detail = `At most ${64 * 2 ** 20} bytes are expected there. Look at what it is, and remove it if it does not belong there.`;
    return userError("file-too-large", `${named} is too large to be read`, detail);
  }
  if (refused === "file-in-the-way") {
    return userError("file-in-the-way", `${named} is in the way`, "It is a different file already. Look at what it is, and move it away.");
  }
  return explainFileError(Object.assign(new Error(words), { code: errno, syscall: doing }), doing, of);
}
