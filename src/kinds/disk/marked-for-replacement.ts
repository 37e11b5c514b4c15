import type { OwnedDiskState } from "../terms/disk-state.ts";

/** The state of a disk that is to be recreated although nothing about it differs; undefined where it does not exist and is created anyway. */
export function markedForReplacement(have: OwnedDiskState | undefined): OwnedDiskState | undefined {
  return have?.disk === undefined ? undefined : { ...have, replace: true };
}
