import type { Address } from "../model/address.ts";
import type { Context } from "../model/context.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { errorMessage, UnreachableError } from "../model/errors.ts";
import type { HostFacts } from "../model/host-facts.ts";
import type { AnyKind, Observation } from "../model/kind.ts";
import { createObserved, type Observed } from "../model/observed.ts";
import type { Unmanaged } from "../model/plan.ts";

/**
 * Looks at everything of every kind, changing nothing. A machine that stops answering makes the result incomplete,
 * with an error that says so: what was not seen is never taken for absent.
 */
export async function observe<Config>(kinds: readonly AnyKind<Config>[], context: Context, facts: HostFacts): Promise<Observed> {
  const looks = await Promise.all(kinds.map((kind) => look(kind, context)));
  const states = new Map<Address, unknown>();
  const unmanaged: Unmanaged[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const observation of looks) {
    for (const [address, state] of observation.states) states.set(address, state);
    unmanaged.push(...observation.unmanaged);
    diagnostics.push(...observation.diagnostics);
  }
  return createObserved({ facts, states, unmanaged, diagnostics, complete: looks.every((observation) => observation.complete) });
}

async function look<Config>(kind: AnyKind<Config>, context: Context): Promise<Observation<unknown>> {
  try {
    return await kind.observe(context);
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const diagnostic: Diagnostic = {
      severity: "error",
      code: "host-unreachable",
      summary: "The host cannot be looked at",
      detail: errorMessage(error),
    };
    return { states: new Map(), unmanaged: [], diagnostics: [diagnostic], complete: false };
  }
}
