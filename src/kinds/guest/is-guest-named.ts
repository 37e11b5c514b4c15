import { type GuestAddress, guests } from "../terms/guest-address.ts";

/** Whether a word of the command line, an address or a name, means this guest. */
export function isGuestNamed(address: GuestAddress, word: string): boolean {
  return address === word || address === guests.at(word);
}
