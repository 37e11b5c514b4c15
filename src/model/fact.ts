import type { Address, AddressKind, AddressOf } from "./address.ts";

declare const brand: unique symbol;

/**
 * Something that becomes true while a plan is carried out: `disk/web-0.root` (the object exists), `domain/web-0:stopped`,
 * `disk/web-0.root:gone`. The order of actions follows from facts alone: an action that needs a fact runs after every action of the same
 * plan that makes it; a fact that no action of the plan makes already holds. A plain string at run time, made only by the functions here.
 */
export type Fact = string & { readonly [brand]: "fact" };

/** A named constructor of facts about the objects of one address kind. */
export interface FactType<State = never> {
  (address: AddressOf<State>): Fact;
  /** The same for all facts of the type: `disk`, `domain:stopped`. */
  readonly type: string;
}

/** The fact that an object exists, of whatever kind it is. */
export function exists(address: Address): Fact {
  return address as string as Fact;
}

/** The type of the facts that objects of a kind exist, for declaring what an action type makes. */
export function existence<State>(kind: AddressKind<State>): FactType<State> {
  return Object.assign((address: AddressOf<State>) => exists(address), { type: kind.name });
}

/** A type of facts about the objects of a kind: `factType(guests, "stopped")` makes `domain/web-0:stopped`. */
export function factType<State>(kind: AddressKind<State>, aspect: string): FactType<State> {
  return Object.assign((address: AddressOf<State>) => `${address}:${aspect}` as Fact, { type: `${kind.name}:${aspect}` });
}

/** The object that a fact is about: `domain/web-0` of `domain/web-0:stopped`. Names of objects hold no colon. */
export function addressOfFact(fact: Fact): Address {
  const [address = ""] = fact.split(":", 1);
  return address as Address;
}

/** The type that a fact is of: `domain:stopped` of `domain/web-0:stopped`. Names of objects hold no colon. */
export function typeOfFact(fact: Fact): string {
  const [kind] = fact.split("/", 1);
  const colon = fact.indexOf(":");
  return `${kind}${colon < 0 ? "" : fact.slice(colon)}`;
}
