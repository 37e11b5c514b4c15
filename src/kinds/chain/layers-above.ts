import type { DiskChain, Layer } from "../terms/disk-chain.ts";

/** The layers above the disk of ours in a chain, the upper ones first. */
export function layersAbove({ layers, disk }: DiskChain): readonly Layer[] {
  return layers.slice(
    0,
    Math.max(
      0,
      layers.findIndex(({ own }) => own === disk),
    ),
  );
}
