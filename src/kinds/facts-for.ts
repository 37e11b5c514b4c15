import type { Context } from "../model/context.ts";
import type { HostFacts } from "../model/host-facts.ts";
import { passphraseReferences, secretReferences } from "./config/secret-references.ts";
import type { Config } from "./config.ts";
import { lookUpFacts } from "./host/facts.ts";
import { lookAtPeers } from "./image/look-at-peers.ts";
import { neededAccess } from "./image/needed-access.ts";

/** Looks up what a configuration needs to know of its host and of the sources of its images. Throws UnreachableError when libvirt does not answer. */
export async function factsFor(context: Context, config: Config): Promise<HostFacts> {
  const access = await neededAccess(context, config);
  const facts = await lookUpFacts(context, config.images ?? {}, [...secretReferences(config), ...access], passphraseReferences(config));
  const peers = await lookAtPeers(context, config, facts);
  return peers === undefined ? facts : { ...facts, peers };
}
