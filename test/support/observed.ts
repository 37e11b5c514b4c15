import type { Fact } from "../../src/model/fact.ts";
import { createObserved, type Observed } from "../../src/model/observed.ts";

/** A look at a host that found these states, by address, and whatever else a test says. */
export function observedWith(
  states: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown> = {},
  more: Partial<Pick<Observed, "unmanaged" | "diagnostics" | "complete" | "unread">> & { readonly facts?: object } = {},
): Observed {
  const found = states instanceof Map ? states : new Map(Object.entries(states));
  return createObserved({
    unmanaged: [],
    diagnostics: [],
    complete: true,
    unread: [],
    ...more,
    facts: { sources: {}, secrets: {}, missingPrograms: [], networks: null, drivers: {}, ...more.facts } as unknown as Observed["facts"],
    states: found as Observed["states"],
  });
}

/** Facts as plain text. */
export function facts(texts: readonly string[] = []): readonly Fact[] {
  return texts as readonly string[] as readonly Fact[];
}
