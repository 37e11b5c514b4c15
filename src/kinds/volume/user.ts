import { ownsSource } from "../../drivers/index.ts";
import { addressName } from "../../model/address.ts";
import type { Observed } from "../../model/observed.ts";
import { followedChain } from "../chain/followed.ts";
import { isUp } from "../power/is-up.ts";
import { guests } from "../terms/guest-address.ts";
import type { VolumeState } from "./spec.ts";

/** The guest whose definition has a volume. */
export interface VolumeUser {
  readonly instance: string;
  /** Of the domain. */
  readonly uuid: string;
  readonly running: boolean;
  /** It is off, and its saved memory belongs to the volume as it is. */
  readonly saved: boolean;
}

/** Which of this project's guests has a volume, by its definition. */
export function volumeUser(volume: Pick<VolumeState, "uuid" | "path">, observed: Observed): VolumeUser | undefined {
  const followed = followedChain(volume, observed);
  if (followed !== undefined) {
    const { instance, guest } = followed;
    return { instance, uuid: guest.uuid, running: isUp(guest.power), saved: guest.power === "saved" };
  }
  for (const [address, domain] of observed.of(guests)) {
    for (const source of Object.values(domain.disks)) {
      if (!ownsSource(source, volume)) continue;
      const running = isUp(domain.power);
      return { instance: addressName(address), uuid: domain.uuid, running, saved: domain.power === "saved" };
    }
  }
  return undefined;
}
