import type { ActiveLayer } from "../../drivers/shared/layer-growth.ts";
import { imageFormat } from "../../tools/image-format.ts";
import type { Layer } from "../terms/disk-chain.ts";

/** The file that a guest writes to in place of a disk; null where it writes to the disk itself. */
export function activeLayer({ above = [] }: { readonly above?: readonly Layer[] }): ActiveLayer | null {
  const [top] = above;
  return top === undefined ? null : { path: top.source, format: imageFormat(top.format) };
}

/** Paths of the layers above a disk, which go with it. */
export function layerPaths({ above = [] }: { readonly above?: readonly Layer[] }): string[] {
  return above.map(({ source }) => source);
}

/** `, with 2 layers above it (/a/disk.s2, /a/disk.s1)`; empty without layers. */
export function layersText(paths: readonly string[]): string {
  return paths.length === 0 ? "" : `, with ${paths.length === 1 ? "the layer" : `${paths.length} layers`} above it (${paths.join(", ")})`;
}
