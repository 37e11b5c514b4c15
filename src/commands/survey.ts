import { observe } from "../engine/observe.ts";
import { type Address, addressKind } from "../model/address.ts";
import { hasErrors } from "../model/diagnostic.ts";
import { UserError } from "../model/errors.ts";
import type { Json } from "../model/json.ts";
import type { Unmanaged } from "../model/plan.ts";
import { formatDiagnostics } from "../report/diagnostics.ts";
import type { Session } from "./session.ts";
import { useColor } from "./use-color.ts";

/** What is on the host, for people to look at. */
export interface Survey {
  readonly objects: readonly { readonly address: Address; readonly state: Json }[];
  readonly unmanaged: readonly Unmanaged[];
}

/** Looks at everything; what is odd is said on standard error. Throws when part of the host cannot be seen. */
export async function survey(session: Session): Promise<Survey> {
  const { kinds, context, lookUpFacts } = session;
  const observed = await observe(kinds, context, await lookUpFacts(context));
  if (!observed.complete || hasErrors(observed.diagnostics)) throw new UserError(observed.diagnostics);
  if (observed.diagnostics.length > 0) process.stderr.write(formatDiagnostics(observed.diagnostics, { color: useColor(process.stderr) }));
  const kindOf = new Map(kinds.flatMap((kind) => kind.addressKinds.map((name) => [name, kind] as const)));
  const objects = [...observed.states]
    .map(([address, state]) => ({ address, state: kindOf.get(addressKind(address))?.describe(state) ?? null }))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
  return { objects, unmanaged: observed.unmanaged };
}
