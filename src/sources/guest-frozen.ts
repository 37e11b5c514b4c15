import { errorMessage, type UserError, userError } from "../model/errors.ts";

/** The error of a guest whose file systems could not be thawed. `guest`: its name or uuid. */
export function guestFrozen(guest: string, error: unknown): UserError {
  return userError(
    "guest-frozen",
    `The file systems of ${guest} may still be frozen`,
    `Whatever writes to them waits. Thaw them: virsh domfsthaw ${guest}. Its guest agent did not do it: ${errorMessage(error)}`,
  );
}
