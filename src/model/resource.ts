import type { Address } from "./address.ts";

/** One object that should exist on the host. `spec` is complete: defaults are filled and nothing in it is optional by omission. */
export interface Resource<Spec> {
  readonly address: Address;
  readonly spec: Spec;
}
