import type { Context } from "../model/context.ts";
import type { HostFacts } from "../model/host-facts.ts";
import { passphraseReferences, secretReferences } from "./config/secret-references.ts";
import type { Config } from "./config.ts";
import { lookUpFacts } from "./host/facts.ts";
import { neededAccess } from "./image/needed-access.ts";

/** Looks up what a configuration needs to know of its host and of the sources of its images. Throws UnreachableError when libvirt does not answer. */
export async function factsFor(context: Context, config: Config): Promise<HostFacts> {
  const access = await neededAccess(context, config);
  return lookUpFacts(context, config.images ?? {}, [...secretReferences(config), ...access], passphraseReferences(config));
}
