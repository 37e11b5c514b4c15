import type { Json } from "./json.ts";

/** A variable of the configuration that a plan depends on. */
export interface UsedVariable {
  readonly name: string;
  /** Null for a secret, which is kept as a reference. */
  readonly value: Json;
  readonly sensitive: boolean;
  /** `default`, `--var`, the variable of the environment, or a place in a file. */
  readonly from: string;
}
