import type { Context } from "../../model/context.ts";
import { instanceFiles } from "../../model/layout.ts";
import { layeredFormat } from "../../tools/image-format.ts";
import type { Layer, LooseLayers } from "../terms/disk-chain.ts";
import { diskRole } from "../terms/disk-name.ts";
import { type ReadChain, readChains } from "./read-chains.ts";

/** A directory with disks of ours, by path. */
export interface DiskDirectory {
  readonly directory: string;
  readonly disks: readonly string[];
}

/**
 * The layers that snapshots left above disks, by path of the disk, as the files in their directories tell: for disks that no definition names, since a
 * definition would name the layer that the guest writes to.
 */
export async function looseLayers(context: Context, directories: readonly DiskDirectory[]): Promise<ReadonlyMap<string, LooseLayers>> {
  const found = await Promise.all(directories.map((one) => looseIn(context, one)));
  return new Map(found.flat());
}

async function looseIn(context: Context, { directory, disks }: DiskDirectory): Promise<(readonly [string, LooseLayers])[]> {
  const candidates = await otherFiles(context, directory);
  if (candidates.length === 0) return [];
  const tops = candidates.map((source) => ({ top: { source, format: layeredFormat }, below: [], whole: false }));
  const chains = await readChains(context, tops);
  const all = await Promise.all(disks.map(async (path) => [path, await chainsAbove(context, path, chains)] as const));
  return all.flatMap(([path, above]) => {
    const [longest] = above.toSorted((one, other) => other.length - one.length);
    if (longest === undefined) return [];
    const sources = new Set(longest.map(({ source }) => source));
    const isOneChain = above.every(([top]) => top !== undefined && sources.has(top.source));
    return [[path, { layers: isOneChain ? longest : null, tops: above.flatMap(([top]) => top?.source ?? []) }] as const];
  });
}

/** Files in a directory that are none of ours by the layout. */
async function otherFiles({ host }: Context, directory: string): Promise<string[]> {
  const known: readonly string[] = Object.values(instanceFiles);
  const entries = await host.files.list(directory);
  return entries
    .filter(
      ({ name, type }) => type === "file" && !known.includes(name) && diskRole(name) === undefined && !/\.(?:tmp|part|growing)$/.test(name),
    )
    .map(({ name }) => `${directory}/${name}`);
}

/** The layers above a disk in each chain that the disk is part of. */
async function chainsAbove({ host }: Context, path: string, chains: readonly ReadChain[]): Promise<Layer[][]> {
  const [identity] = await host.files.identify([path]);
  if (identity === undefined) return [];
  return chains.flatMap(({ layers }) => {
    const at = layers.findIndex((layer) => layer.identity?.id === identity.id);
    return at < 1 ? [] : [layers.slice(0, at).map(({ source, format, size }) => ({ source, format, size, own: null }))];
  });
}
