import type { DiskRef } from "../../drivers/driver.ts";
import { ownsSource } from "../../drivers/index.ts";
import { addressName } from "../../model/address.ts";
import type { Observed } from "../../model/observed.ts";
import { followedChain } from "../chain/followed.ts";
import { isUp } from "../power/is-up.ts";
import { ownerName } from "../terms/disk-owner.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { guests } from "../terms/guest-address.ts";
import { guestSources } from "../terms/guest-sources.ts";

/** The guest that has a disk. */
export interface DiskUser {
  readonly instance: string;
  /** Of the domain. */
  readonly uuid: string;
  readonly running: boolean;
  /** It is off, and its saved memory belongs to the disk as it is. */
  readonly saved: boolean;
}

/** The guest of a disk: the instance that owns it, or the guest of this project that has the volume; null without one. */
export function diskUser(have: OwnedDiskState, observed: Observed): DiskUser | null {
  const { kind, owner, uuid, running, saved } = have;
  return kind === "disk" ? { instance: ownerName(owner), uuid, running, saved } : volumeUser(have, observed);
}

/** The guest of this project whose definition has a volume, or that runs with it; null without one. */
export function volumeUser(volume: Pick<DiskRef, "uuid" | "path">, observed: Observed): DiskUser | null {
  const followed = followedChain(volume, observed);
  if (followed !== null) {
    const { instance, guest } = followed;
    return { instance, uuid: guest.uuid, running: isUp(guest.power), saved: guest.power === "saved" };
  }
  for (const [address, domain] of observed.of(guests)) {
    if (![...guestSources(domain)].some((source) => ownsSource(source, volume))) continue;
    return { instance: addressName(address), uuid: domain.uuid, running: isUp(domain.power), saved: domain.power === "saved" };
  }
  return null;
}
