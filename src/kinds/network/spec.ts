import type { NetworkFields } from "../terms/network-state.ts";

/** A network as it should be. */
export interface NetworkSpec {
  readonly name: string;
  readonly uuid: string;
  readonly project: string;
  /** The name that it had before; absent without one. */
  readonly renamedFrom?: string;
  /** With `autostart` and `active`. */
  readonly fields: NetworkFields;
}
