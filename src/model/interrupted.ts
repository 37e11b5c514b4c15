import { type UserError, userError } from "./errors.ts";

/** A wait or a transfer that the user stopped. `what` is its subject: `The copy of /a`. */
export function interrupted(what: string): UserError {
  return userError("interrupted", `${what} was stopped`, "Run the same command again: it goes on from the state of the host.");
}
