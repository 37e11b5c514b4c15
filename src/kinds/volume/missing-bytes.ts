import type { HostFacts } from "../../model/host-facts.ts";
import type { Observed } from "../../model/kind.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config } from "../config.ts";
import { desiredVolumes } from "./desired.ts";
import type { VolumeState } from "./spec.ts";

/** Virtual bytes that volumes in files are to get which they do not have yet: new volumes, and growth. */
export function missingVolumeBytes(config: Config, settings: HostSettings, facts: HostFacts, observed: Observed): number {
  return desiredVolumes(config, settings, facts).reduce((sum, { address, spec }) => {
    if (spec.disk.backend === "lvm" || spec.disk.backend === "rbd") return sum;
    const have = observed.states.get(address) as VolumeState | undefined;
    return sum + Math.max(0, (spec.disk.size ?? 0) - (have?.disk?.size ?? 0));
  }, 0);
}
