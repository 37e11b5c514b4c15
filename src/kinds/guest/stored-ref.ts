import type { GuestState } from "../terms/guest-address.ts";
import { isAdopted } from "../terms/is-adopted.ts";
import { recordedShutdown } from "../terms/shutdown.ts";

/** A guest as actions on its power name it, from what its stored definition says. */
export function storedRef(guest: GuestState) {
  const instance = guest.label?.instance ?? guest.name;
  return { uuid: guest.uuid, instance, adopted: isAdopted(guest), shutdown: recordedShutdown(guest.fields) };
}
