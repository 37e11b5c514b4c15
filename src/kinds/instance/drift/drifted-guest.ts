import type { Json } from "../../../model/json.ts";
import type { Pointer } from "../../../model/pointer.ts";
import type { Config, InstanceConfig } from "../../config.ts";
import type { DomainFields } from "../../terms/domain-state.ts";

/** A guest that drifted, and where its entry is. */
export interface DriftedGuest {
  readonly config: Config;
  /** Name of its entry of `instances`, which stands for it alone. */
  readonly entry: string;
  readonly name: string;
  readonly instance: InstanceConfig;
  /** Fields of its stored definition. */
  readonly stored: DomainFields;
  /** Writes a value into the configuration; undefined removes what is there. */
  readonly add: (pointer: Pointer, value: Json | undefined) => void;
  /** Names a field that no key expresses. `why`: for a sentence that begins with the field. */
  readonly refuse: (path: string, why: string) => void;
}
