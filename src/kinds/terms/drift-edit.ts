import type { Address } from "../../model/address.ts";
import type { Json } from "../../model/json.ts";
import type { Pointer } from "../../model/pointer.ts";

/** One change of the configuration that makes what the host has the wanted state. */
export interface DriftEdit {
  readonly address: Address;
  readonly pointer: Pointer;
  /** Undefined: removed. */
  readonly value: Json | undefined;
}

/** A drifted field that no key expresses, and why, for a sentence that begins with the field. */
export interface Inexpressible {
  readonly address: Address;
  readonly path: string;
  readonly why: string;
}

/** What has to be written so that the drift that a plan found is the wanted state, and what cannot be written. */
export interface FoundDrift {
  readonly edits: readonly DriftEdit[];
  readonly left: readonly Inexpressible[];
}
