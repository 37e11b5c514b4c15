import type { Observed } from "../../model/observed.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config } from "../config.ts";
import type { DomainSpec, SecretSpec, SeedSpec } from "../terms/spec.ts";
import type { InstanceDisk } from "./disk.ts";

/** Everything that a check of instances may look at. Each check takes this one argument. */
export interface Checked {
  readonly config: Config;
  readonly settings: HostSettings;
  readonly observed: Observed;
  readonly disks: readonly InstanceDisk[];
  readonly domains: readonly DomainSpec[];
  readonly drives: readonly SeedSpec[];
  readonly secrets: readonly SecretSpec[];
}
