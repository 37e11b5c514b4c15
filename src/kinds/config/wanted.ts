import type { HostFacts } from "../../model/host-facts.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config } from "../config.ts";

/** What is wanted, and of which host: everything that the specs of a host follow from. */
export interface Wanted {
  readonly config: Config;
  readonly settings: HostSettings;
  readonly facts: HostFacts;
}
