import type { Address } from "./address.ts";
import type { Diagnostic, Place } from "./diagnostic.ts";
import type { Pointer } from "./pointer.ts";
import { withoutUndefined } from "./without-undefined.ts";

/** How places of a configuration are found. */
export interface Places {
  /** Where an object is declared. */
  readonly pointerOf: (address: Address) => Pointer | undefined;
  /** Where something is written, or the nearest thing above it. */
  readonly place: (pointer: Pointer) => Place | undefined;
}

/** The diagnostics with the place of each in the configuration, wherever it has one. */
export function withPlaces(diagnostics: readonly Diagnostic[], { pointerOf, place }: Places): Diagnostic[] {
  return diagnostics.map(({ key = [], ...diagnostic }) => {
    const declared = diagnostic.address === undefined ? undefined : pointerOf(diagnostic.address);
    const pointer = diagnostic.pointer ?? (declared === undefined ? undefined : [...declared, ...key]);
    const at = pointer === undefined || diagnostic.at !== undefined ? diagnostic.at : place(pointer);
    return { ...diagnostic, ...withoutUndefined({ pointer, at }) };
  });
}
