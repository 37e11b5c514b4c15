import type { WrongAccess, WrongOwner } from "../../drivers/shared/file-access.ts";
import type { FieldChange } from "../../model/change.ts";
import type { Observed } from "../../model/observed.ts";
import { guests } from "./guest-address.ts";

/** The guest that has a file, if any. */
export interface FileUser {
  readonly instance: string;
  /** It runs with the file. */
  readonly running: boolean;
}

/**
 * The owner that a file is given: virtform itself, or the user of the guest that runs with it. Null: the file keeps its owner. Ordinary users cannot give files away, which
 * `checkOwners` reports, and a guest with a security label of its own gets its files for the user that the label names.
 */
export function rightOwner(owner: WrongOwner | undefined, user: FileUser | null, observed: Observed): string | null {
  if (owner === undefined || owner.guest === null || (user !== null && hasOwnLabel(user, observed))) return null;
  return user?.running === true ? owner.guest : owner.own;
}

/** What a plan says about a file with wrong permissions or a wrong owner. Paths begin with `prefix`. */
export function accessFields(access: WrongAccess | undefined, owner: string | null, prefix = ""): FieldChange[] {
  const same = { effect: "none", cause: "drift" } as const;
  return [
    ...(access?.mode === undefined ? [] : [{ path: `${prefix}mode`, old: access.mode.found, new: access.mode.wanted, ...same }]),
    ...(access?.owner === undefined || owner === null ? [] : [{ path: `${prefix}owner`, old: access.owner.found, new: owner, ...same }]),
  ];
}

/** Whether the definition of a guest names users of its own. */
export function hasOwnLabel({ instance }: Pick<FileUser, "instance">, observed: Observed): boolean {
  return observed.get(guests.at(instance))?.foreign.some(({ path }) => path.includes("seclabel")) === true;
}
