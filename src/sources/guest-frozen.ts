import { errorMessage, type UserError, userError } from "../model/errors.ts";
import { shellWord } from "../model/shell-word.ts";

/** The error of a guest whose file systems could not be thawed. `guest`: its name or uuid. */
export function guestFrozen(guest: string, error: unknown): UserError {
  return userError(
    "guest-frozen",
    `The file systems of ${guest} may still be frozen`,
    `Programs in the guest that write to them wait. Thaw them: virsh domfsthaw ${shellWord(guest)}. ${errorMessage(error)}`,
  );
}
