import { addressKind, addressName } from "../../model/address.ts";
import type { Observed } from "../../model/observed.ts";
import { type GuestAddress, guests } from "../terms/guest-address.ts";
import { givenUp } from "../terms/identity.ts";
import { isAdopted } from "../terms/is-adopted.ts";

const known = new WeakMap<object, ReadonlyMap<string, GuestAddress>>();

/**
 * The guests that give up a name, by that name: in this plan, or with the end of an earlier rename. Labels and libvirt have each name once, so whatever
 * gets the name waits for them. Pure.
 */
export function givenUpNames(observed: Observed): ReadonlyMap<string, GuestAddress> {
  const before = known.get(observed.states);
  if (before !== undefined) return before;
  const found = new Map<string, GuestAddress>();
  for (const [address, guest] of observed.of(guests)) {
    if (guest.label !== undefined && guest.name !== guest.label.instance && !isAdopted(guest)) found.set(guest.name, address);
  }
  for (const [earlier, address] of givenUp(observed.facts)) {
    if (earlier.startsWith(`${addressKind(guests.at(""))}/`))
      found.set(earlier.slice(earlier.indexOf("/") + 1), guests.at(addressName(address)));
  }
  known.set(observed.states, found);
  return found;
}
