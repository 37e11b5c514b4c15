import type { Address, AddressKind, AddressOf } from "./address.ts";
import { addressKind } from "./address.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { HostFacts } from "./host-facts.ts";
import type { Json } from "./json.ts";
import type { Unmanaged } from "./plan.ts";

/** What one look at a host found, of all kinds together. */
export interface Look {
  readonly facts: HostFacts;
  /** Ours, by address. */
  readonly states: ReadonlyMap<Address, unknown>;
  readonly unmanaged: readonly Unmanaged[];
  readonly diagnostics: readonly Diagnostic[];
  /** False when part of the host could not be seen. */
  readonly complete: boolean;
  /** Objects that exist and could not be read, where these are all that was not seen: nothing is decided about them. Otherwise empty. */
  readonly unread: readonly Address[];
}

/** A look with typed access to its states, for decisions that look across kinds. */
export interface Observed extends Look {
  /** The state of one object; undefined when it does not exist. */
  get<State>(address: AddressOf<State>): State | undefined;
  /** All objects of one address kind, in the order in which they were found. */
  of<State>(kind: AddressKind<State>): readonly (readonly [address: AddressOf<State>, state: State])[];
}

/** Adds the typed access. What `kinds` observe under an address is what the address says, since each makes its addresses by `AddressKind.at`. */
export function createObserved(look: Look): Observed {
  let byKind: ReadonlyMap<string, readonly (readonly [Address, unknown])[]> | undefined;
  return {
    ...look,
    get: <State>(address: AddressOf<State>) => look.states.get(address) as State | undefined,
    of: <State>(kind: AddressKind<State>) => {
      byKind ??= Map.groupBy(look.states, ([address]) => addressKind(address));
      return (byKind.get(kind.name) ?? []) as readonly (readonly [AddressOf<State>, State])[];
    },
  };
}

/** A look as JSON: all of it is plain data. */
export function lookJson({ facts, states, unmanaged, diagnostics, complete, unread }: Look): Json {
  return { facts, states: Object.fromEntries(states), unmanaged, diagnostics, complete, unread } as unknown as Json;
}

/** A look that was written as JSON, to be planned with again. Not for JSON from elsewhere: nothing in it is checked. */
export function observedOfJson(json: Json): Observed {
  const { states, ...look } = json as unknown as Omit<Look, "states"> & { readonly states: Readonly<Record<Address, unknown>> };
  return createObserved({ ...look, states: new Map(Object.entries(states)) as Look["states"] });
}
