import { addressName } from "../../model/address.ts";
import { matchesPattern } from "../../model/matches-pattern.ts";
import type { GuestAddress } from "../terms/guest-address.ts";

/** Whether a word of the command line, an address or a name with `*` for any characters, means this guest, as in `--target`. */
export function isGuestNamed(address: GuestAddress, word: string): boolean {
  return matchesPattern(word, word.includes("/") ? address : addressName(address));
}
