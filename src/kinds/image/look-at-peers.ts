import type { Context } from "../../model/context.ts";
import { failureDiagnostics } from "../../model/failure-diagnostics.ts";
import type { HostFacts, PeerFacts } from "../../model/host-facts.ts";
import type { Config } from "../config.ts";
import { desiredImages } from "./desired.ts";
import { isGoneCode } from "./is-gone.ts";
import { lookAtPeer } from "./peer-base.ts";
import type { ImageSpec } from "./spec.ts";

/**
 * What peers have of the images that are not in the cache and that the source does not have, or may not have; of all that are not in the cache where
 * peers come first. Undefined where no peer is asked.
 */
export async function lookAtPeers(context: Context, config: Config, facts: HostFacts): Promise<HostFacts["peers"]> {
  if (config.host?.image_peers === undefined || context.openPeer === undefined) return undefined;
  const specs = desiredImages({ config, settings: context.settings, facts }).flatMap(({ spec }) => {
    const source = facts.sources[spec.source];
    const isThere = source !== undefined && source.problem === undefined && source.bytes !== null;
    const isAsked = spec.peers?.first === true || isGoneCode(source?.problem?.code) || (source?.problem === undefined && !isThere);
    return spec.cloneSize === null && isAsked ? [spec] : [];
  });
  const cached = await context.host.files.statMany(specs.map(({ entry }) => context.layout.baseImage(entry)));
  const missing = specs.filter((_, index) => cached[index] === undefined);
  const found = await Promise.all(missing.map(async (spec) => [spec.entry, await firstWith(context, spec)] as const));
  return Object.fromEntries(found);
}

async function firstWith(context: Context, spec: ImageSpec): Promise<PeerFacts> {
  const others: string[] = [];
  for (const address of spec.peers?.addresses ?? []) {
    try {
      const peer = await context.openPeer?.(address);
      if (peer === undefined) continue;
      const base = await lookAtPeer(context, peer, address, spec);
      if (typeof base !== "string") return { from: { name: peer.name, address, bytes: base.bytes, content: base.allocated }, others };
      others.push(base);
    } catch (error) {
      context.signal.throwIfAborted();
      others.push(unreachable(address, error));
    }
  }
  return { from: null, others };
}

/** Why a peer cannot be asked, as a sentence. Throws what is no failure of it. */
export function unreachable(address: string, error: unknown): string {
  const [first] = failureDiagnostics(error) ?? [];
  if (first === undefined) throw error;
  return `${address} cannot be asked: ${first.summary}${/[.!?]$/.test(first.summary) ? "" : "."}`;
}
