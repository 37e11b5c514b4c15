import type { HostFacts } from "../../../model/host-facts.ts";
import type { HardwareSetting } from "../../config/hardware/hardware-of.ts";
import type { FlavorConfig, InstanceConfig } from "../../config.ts";
import type { FieldValue } from "../../terms/domain-state.ts";

/** What is known of the hardware of one entry of `instances`. */
export interface Hardware {
  readonly entry: string;
  readonly instance: InstanceConfig;
  readonly flavor: FlavorConfig;
  /** Properties of its image. */
  readonly properties: Readonly<Record<string, string>>;
  readonly settings: readonly HardwareSetting[];
  readonly values: Readonly<Record<string, FieldValue>>;
  readonly machine: string;
  readonly facts: HostFacts;
}

/** Something that is wrong with a setting: what, and what to do. */
export interface Mistake {
  /** Path of the setting that it is about; the place is where that is written. */
  readonly path: string;
  readonly summary: string;
  readonly detail: string;
}
