import type { DiskState } from "../../drivers/driver.ts";
import { ownsSource } from "../../drivers/index.ts";
import type { Observed } from "../../model/observed.ts";
import type { DiskChain, Layer, LooseLayers } from "../terms/disk-chain.ts";
import { guests } from "../terms/guest-address.ts";
import { followedChain } from "./followed.ts";
import { layersAbove } from "./layers-above.ts";

/** A disk or a volume as found. */
interface Found {
  readonly uuid: string;
  readonly path: string;
  readonly disk: DiskState | undefined;
  readonly loose?: LooseLayers;
}

/** A disk with the layers that its guest has above it: its size is that of the layer which the guest writes to. */
export function withChain<State extends Found>(state: State, chains: readonly DiskChain[]): State & { readonly above?: readonly Layer[] } {
  const mine = chains.filter(({ disk }) => disk !== null && (disk === state.path || ownsSource(disk, state)));
  const chain = mine.find(({ running }) => running) ?? mine[0];
  return chain === undefined ? state : withLayers(state, layersAbove(chain));
}

/** Whether the definition of a guest names a disk itself. */
export function isAttached(disk: Pick<Found, "uuid" | "path">, observed: Observed): boolean {
  return observed.of(guests).some(([, guest]) => Object.values(guest.disks).some((source) => ownsSource(source, disk)));
}

/** The same for a volume, by the guest that has it; without one, by the files in its directory. */
export function withFollowedChain<State extends Found>(state: State, observed: Observed): State & { readonly above?: readonly Layer[] } {
  const found = followedChain(state, observed);
  if (found !== null) return withLayers(state, found.above);
  return state.loose?.layers == null || isAttached(state, observed) ? state : withLayers(state, state.loose.layers);
}

/** A disk with these layers above it. */
export function withLayers<State extends Found>(
  state: State,
  layers: readonly Layer[] = [],
): State & { readonly above?: readonly Layer[] } {
  const size = layers[0]?.size ?? null;
  if (layers.length === 0 || state.disk === undefined || size === null) return state;
  return { ...state, disk: { ...state.disk, size }, above: layers };
}
