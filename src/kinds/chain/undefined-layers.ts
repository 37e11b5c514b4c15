import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { instanceFiles } from "../../model/layout.ts";
import { problem } from "../../model/problem.ts";
import { layeredFormat } from "../../tools/image-format.ts";
import type { Layer } from "../terms/disk-chain.ts";
import { diskRole } from "../terms/disk-name.ts";
import { type ReadChain, readChains } from "./read-chains.ts";

/** A directory of a guest without a definition, and its disks by file name. */
export interface UndefinedGuest {
  readonly uuid: string;
  readonly instance: string;
  readonly address: Address;
  readonly disks: readonly string[];
}

/** Layers above the disks of guests that have no definition, by path of the disk, and the disks of which it is not known which layer is the last. */
export interface UndefinedLayers {
  readonly above: ReadonlyMap<string, readonly Layer[]>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The layers that snapshots left above the disks of guests whose definitions are gone: the definition named the layer that the guest wrote to, and
 * without it the files in the directory are all that tells.
 */
export async function undefinedLayers(context: Context, guests: readonly UndefinedGuest[]): Promise<UndefinedLayers> {
  const above = new Map<string, readonly Layer[]>();
  const diagnostics: Diagnostic[] = [];
  for (const guest of guests) {
    const candidates = await otherFiles(context, guest.uuid);
    if (candidates.length === 0) continue;
    const tops = candidates.map((source) => ({ top: { source, format: layeredFormat }, below: [], whole: false }));
    const chains = await readChains(context, tops);
    for (const name of guest.disks) {
      const path = context.layout.instanceFile(guest.uuid, name);
      const found = await chainsAbove(context, path, chains);
      const [longest] = found.toSorted((one, other) => other.length - one.length);
      if (longest === undefined) continue;
      const sources = new Set(longest.map(({ source }) => source));
      if (found.every(([top]) => top !== undefined && sources.has(top.source))) above.set(path, longest);
      else diagnostics.push(ambiguous(guest, path, found));
    }
  }
  return { above, diagnostics };
}

/** Files in the directory of a guest that are none of its own by the layout. */
async function otherFiles({ host, layout }: Context, uuid: string): Promise<string[]> {
  const known: readonly string[] = Object.values(instanceFiles);
  const entries = await host.files.list(layout.instance(uuid));
  return entries
    .filter(
      ({ name, type }) => type === "file" && !known.includes(name) && diskRole(name) === undefined && !/\.(?:tmp|part|growing)$/.test(name),
    )
    .map(({ name }) => layout.instanceFile(uuid, name));
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

function ambiguous({ instance, address }: UndefinedGuest, path: string, found: readonly (readonly Layer[])[]): Diagnostic {
  const tops = found.flatMap(([top]) => top?.source ?? []);
  return problem("disk-layers-unclear", {
    summary: `Which layer of a disk of ${instance} is the last one is not known`,
    detail: `The guest was undefined, and these files are based on ${path}: ${tops.join(", ")}. Define the guest with the right one (virsh define), or move the others away. Then run the same command again.`,
    address,
  });
}
