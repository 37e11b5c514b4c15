import { ownsSource } from "../../drivers/index.ts";
import { addressName } from "../../model/address.ts";
import type { Observed } from "../../model/observed.ts";
import type { DiskChain, Layer } from "../terms/disk-chain.ts";
import { type GuestState, guests } from "../terms/guest-address.ts";
import { namesDisk } from "../terms/names-disk.ts";
import { volumes } from "../terms/volume-address.ts";
import { layersAbove } from "./layers-above.ts";

/** A disk or volume of ours that a guest has below other layers. */
export interface FollowedChain {
  readonly instance: string;
  readonly guest: GuestState;
  readonly chain: DiskChain;
  /** The layer that the guest writes to. */
  readonly top: Layer;
  /** The layers above the disk, the upper ones first; empty when the guest only has the disk under another name. */
  readonly above: readonly Layer[];
}

/** What identifies a disk of ours. */
interface OwnDisk {
  readonly uuid: string;
  readonly path: string;
}

const known = new WeakMap<Observed["states"], ReadonlyMap<string, FollowedChain>>();

/**
 * The chain through which a guest has a disk or volume of ours: the layers above it count as the disk. Null when the guest has it directly, and
 * when the chain is of a guest that the disk does not belong to.
 */
export function followedChain({ uuid, path }: OwnDisk, observed: Observed): FollowedChain | null {
  const all = known.get(observed.states) ?? allFollowed(observed);
  known.set(observed.states, all);
  if (all.size === 0) return null;
  const direct = all.get(path);
  if (direct !== undefined) return direct;
  for (const [source, chain] of all) if (ownsSource(source, { uuid, path })) return chain;
  return null;
}

/** What runs goes before what is stored: the next start has to go on with it. */
function allFollowed(observed: Observed): ReadonlyMap<string, FollowedChain> {
  const found = new Map<string, FollowedChain>();
  const chains = observed.of(guests).flatMap(([address, guest]) => (guest.chains ?? []).map((chain) => ({ address, guest, chain })));
  if (chains.length === 0) return found;
  const direct = new Set(observed.of(guests).flatMap(([, { disks }]) => Object.values(disks)));
  for (const { address, guest, chain } of chains.sort((one, other) => Number(other.chain.running) - Number(one.chain.running))) {
    const [top] = chain.layers;
    if (chain.disk === null || top === undefined || found.has(chain.disk)) continue;
    // A layer that another guest has above a disk is a copy of that guest's, not the disk.
    const isItsOwn =
      chain.disk.includes(guest.uuid) || guest.label?.adopted?.includes(chain.disk) === true || isVolume(chain.disk, observed);
    const isAnothers = direct.has(chain.disk) && !Object.values(guest.disks).includes(chain.disk);
    if (!isItsOwn || isAnothers) continue;
    found.set(chain.disk, { instance: addressName(address), guest, chain, top, above: layersAbove(chain) });
  }
  return found;
}

/** One that cannot be read is known by its uuid. */
function isVolume(source: string, observed: Observed): boolean {
  const unread = observed.unread.flatMap((address) => (volumes.owns(address) ? (observed.facts.identities?.[address]?.uuid ?? []) : []));
  return (
    unread.some((uuid) => namesDisk(source, uuid)) ||
    observed.of(volumes).some(([, volume]) => volume.path === source || ownsSource(source, volume))
  );
}
