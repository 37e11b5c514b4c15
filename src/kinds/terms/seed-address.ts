import { type AddressOf, kindOf } from "../../model/address.ts";
import { existence, factType } from "../../model/fact.ts";
import type { SeedState } from "./seed-state.ts";

/** A config drive of ours as found, with what its guest is doing. */
export type FoundSeed = SeedState & { readonly kind: "seed"; readonly running: boolean; readonly saved: boolean };

/** `seed/web-0`. */
export type SeedAddress = AddressOf<FoundSeed>;

/** Config drives, by the name of their instance. */
export const seeds = kindOf<FoundSeed>("seed");

/** The drive exists, as it should be. */
export const seedExists = existence(seeds);

/** It no longer exists. */
export const seedGone = factType(seeds, "gone");
