import { type UserError, userError } from "./errors.ts";

/** The error about a file that changed while it was read: what was read may be of two versions. */
export function fileChanged(path: string): UserError {
  return userError("file-changed", `${path} changed while it was read`, "Stop what writes to it, and run the same command again.");
}
