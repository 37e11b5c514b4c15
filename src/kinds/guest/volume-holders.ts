import { addressName } from "../../model/address.ts";
import type { Observed } from "../../model/observed.ts";
import type { VolumeHolder } from "../power/plan.ts";
import { guests } from "../terms/guest-address.ts";
import { guestSources } from "../terms/guest-sources.ts";

/** Other guests that have volumes which a guest is to get, by their sources: they must release them before. */
export function volumeHolders(uuid: string, sources: ReadonlySet<string>, observed: Observed): VolumeHolder[] {
  if (sources.size === 0) return [];
  return observed.of(guests).flatMap(([address, guest]) => {
    const held = guest.uuid === uuid ? [] : [...guestSources(guest)].filter((source) => sources.has(source));
    return held.length === 0 ? [] : [{ uuid: guest.uuid, instance: addressName(address), sources: held }];
  });
}
