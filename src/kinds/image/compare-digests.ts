import type { Digests } from "../../model/host.ts";
import type { SignedChecksumFacts } from "../../model/host-facts.ts";
import type { Comparison } from "./compare-versions.ts";

/** Compares the digests of an image as it was fetched with the one that `who` has now; `trouble`: why that is not known. Pure. */
export function compareDigests(
  before: Digests,
  now: SignedChecksumFacts["digest"] | null,
  trouble: string | undefined,
  who: string,
): Comparison {
  if (trouble !== undefined) return { outcome: "failed", reason: trouble };
  if (now === undefined || now === null) return { outcome: "unknown", reason: `${who} has no digest of it` };
  const known = before[now.algorithm];
  if (known === undefined) return { outcome: "unknown", reason: `its ${now.algorithm} was not recorded when it was fetched` };
  if (known === now.hex) return { outcome: "current", reason: `same ${now.algorithm} as ${who} has` };
  return { outcome: "outdated", reason: `${who} has ${now.algorithm}:${now.hex}, and it is ${now.algorithm}:${known}` };
}
