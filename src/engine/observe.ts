import type { Address } from "../model/address.ts";
import type { Context } from "../model/context.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { diagnosticText } from "../model/diagnostic-text.ts";
import { UnreachableError } from "../model/errors.ts";
import { failureDiagnostics } from "../model/failure-diagnostics.ts";
import type { HostFacts } from "../model/host-facts.ts";
import type { AnyKind, Observation } from "../model/kind.ts";
import { createObserved, type Observed } from "../model/observed.ts";
import type { Unmanaged } from "../model/plan.ts";

/**
 * Looks at everything of every kind, changing nothing. A machine that stops answering, or answers something that is not understood,
 * makes the result incomplete, with an error that says so: what was not seen is never taken for absent. Throws only for bugs, and what
 * `looking`, the look at the machine itself, throws. Both go on at the same time.
 */
export async function observe<Config>(
  kinds: readonly AnyKind<Config>[],
  context: Context,
  looking: HostFacts | Promise<HostFacts>,
): Promise<Observed> {
  const shared = { ...context, look: context.look ?? {} };
  const [facts, looks] = await Promise.all([looking, Promise.all(kinds.map((kind) => look(kind, shared)))]);
  const states = new Map<Address, unknown>();
  const unmanaged: Unmanaged[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const observation of looks) {
    for (const [address, state] of observation.states) states.set(address, state);
    unmanaged.push(...observation.unmanaged);
    diagnostics.push(...observation.diagnostics);
  }
  const complete = looks.every((observation) => observation.complete);
  // Of a kind that could not be looked at, even the names are unknown.
  const named = looks.every((observation) => observation.complete || (observation.unread ?? []).length > 0);
  const unread = named ? looks.flatMap((observation) => observation.unread ?? []) : [];
  const identities = Object.assign({}, ...looks.map((observation) => observation.identities ?? {}));
  return createObserved({ facts: { ...facts, identities }, states, unmanaged, diagnostics, complete, unread });
}

async function look<Config>(kind: AnyKind<Config>, context: Context): Promise<Observation<unknown>> {
  try {
    return await kind.observe(context);
  } catch (error) {
    const told = failureDiagnostics(error);
    if (told === undefined) throw error;
    const diagnostics = error instanceof UnreachableError ? told.map(unreachable) : told;
    return { states: new Map(), unmanaged: [], diagnostics, complete: false };
  }
}

function unreachable(diagnostic: Diagnostic): Diagnostic {
  return { ...diagnostic, summary: "The host cannot be looked at", detail: diagnosticText(diagnostic) };
}
