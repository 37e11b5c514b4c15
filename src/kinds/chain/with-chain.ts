import type { DiskState } from "../../drivers/driver.ts";
import { ownsSource } from "../../drivers/index.ts";
import type { Observed } from "../../model/observed.ts";
import type { DiskChain, Layer } from "../terms/disk-chain.ts";
import { followedChain } from "./followed.ts";
import { layersAbove } from "./layers-above.ts";

/** A disk or a volume as found. */
interface Found {
  readonly uuid: string;
  readonly path: string;
  readonly disk: DiskState | undefined;
}

/** A disk with the layers that its guest has above it: its size is that of the layer which the guest writes to. */
export function withChain<State extends Found>(state: State, chains: readonly DiskChain[]): State & { readonly above?: readonly Layer[] } {
  const mine = chains.filter(({ disk }) => disk !== null && (disk === state.path || ownsSource(disk, state)));
  const chain = mine.find(({ running }) => running) ?? mine[0];
  return chain === undefined ? state : withLayers(state, layersAbove(chain));
}

/** The same for a volume, by the guest that has it. */
export function withFollowedChain<State extends Found>(state: State, observed: Observed): State & { readonly above?: readonly Layer[] } {
  const found = followedChain(state, observed);
  return found === null ? state : withLayers(state, found.above);
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
