import { type AddressOf, kindOf } from "../../model/address.ts";
import { existence, factType } from "../../model/fact.ts";
import type { DomainState } from "./domain-state.ts";

/** A guest of ours as found. */
export type GuestState = DomainState & { readonly kind: "domain" };

/** `domain/web-0`. */
export type GuestAddress = AddressOf<GuestState>;

/** Guests, by the name of their instance. */
export const guests = kindOf<GuestState>("domain");

/** The guest exists and runs, or is what it should be. */
export const up = existence(guests);

/** It was started paused and waits for its interfaces. */
export const startedPaused = factType(guests, "started-paused");

/** Its definition is the wanted one. */
export const defined = factType(guests, "defined");

/** libvirt has it under the name of its instance. */
export const named = factType(guests, "named");

/** It is off, without saved memory. */
export const stopped = factType(guests, "stopped");

/** It no longer has a definition. */
export const gone = factType(guests, "gone");

/** What grows through the running guest has grown: until then, the guest is not switched off. */
export const grown = factType(guests, "grown");

/** It runs again from its saved memory: until then, what it had when the memory was saved must stay as it was. */
export const restored = factType(guests, "restored");

/** It runs without the devices that it is to release. */
export const released = factType(guests, "released");

/** It runs with what it can take while it runs. */
export const adjusted = factType(guests, "adjusted");
