import { kindOf } from "../../model/address.ts";
import { factType } from "../../model/fact.ts";

/** Files that an interrupted fetch left in the cache, as found: staged content, and a sidecar without its base image. */
export interface LeftoverState {
  readonly kind: "leftover";
  /** The cache entry that was being made. */
  readonly entry: string;
  readonly paths: readonly string[];
  /** Bytes that they take. */
  readonly allocated: number;
  /** When the youngest of them was last written, in milliseconds since 1970. */
  readonly writtenAt: number;
}

/** Leftovers by the name of the cache entry that was being made. */
export const leftovers = kindOf<LeftoverState>("leftover");

/** The files are removed, unless their entry is being made. */
export const leftoverGone = factType(leftovers, "gone");
