import { observe } from "../engine/observe.ts";
import { type Address, addressKind } from "../model/address.ts";
import { hasErrors } from "../model/diagnostic.ts";
import { withPlaces } from "../model/diagnostic-places.ts";
import { UserError } from "../model/errors.ts";
import type { Reporter } from "../model/event.ts";
import type { Observed } from "../model/observed.ts";
import type { Unmanaged } from "../model/plan.ts";
import type { FoundObject } from "../model/result.ts";
import type { HostSession } from "../session.ts";

/** What is on the host, for people to look at. */
export interface Survey {
  readonly observed: Observed;
  readonly objects: readonly FoundObject[];
  readonly unmanaged: readonly Unmanaged[];
  /** Root disks that stay on an earlier image than the configured one. */
  readonly behind: ReadonlySet<Address>;
}

/**
 * Reads everything on a host and reports warnings, and an error for each object that cannot be read: others are known all the same. Throws if it is not
 * known which objects were not read.
 */
export async function survey(
  { kinds, config, context, lookUpFacts, places }: HostSession,
  { event }: Pick<Reporter, "event">,
): Promise<Survey> {
  const looking = { ...context, looksOnly: true };
  const observed = await observe(kinds, looking, lookUpFacts(looking));
  const diagnostics = places === undefined ? observed.diagnostics : withPlaces(observed.diagnostics, places);
  if (observed.unread.length === 0 && (!observed.complete || hasErrors(diagnostics))) throw new UserError(diagnostics);
  for (const diagnostic of diagnostics) event({ type: "diagnostic", diagnostic });
  const kindOf = new Map(kinds.flatMap((kind) => kind.addressKinds.map((name) => [name, kind] as const)));
  const objects = [...observed.states]
    .map(([address, state]) => ({ address, state: kindOf.get(addressKind(address))?.describe(state) ?? null }))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
  const problems = kinds.flatMap((kind) => kind.check?.(kind.desired(config, observed.facts), observed, config) ?? []);
  const behind = new Set(problems.flatMap(({ code, address }) => (code === "behind-image" && address !== undefined ? [address] : [])));
  return { observed, objects, unmanaged: observed.unmanaged, behind };
}
