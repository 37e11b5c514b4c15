import { addressName } from "../../model/address.ts";
import type { Json } from "../../model/json.ts";
import type { Kind } from "../../model/kind.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config } from "../config.ts";
import { withClearing } from "../disk/clearing.ts";
import { volumes } from "../terms/volume-address.ts";
import { sweepVolumes, volumeActions } from "./actions.ts";
import { checkVolumes } from "./check.ts";
import { desiredVolumes } from "./desired.ts";
import { diffVolume } from "./diff.ts";
import { observeVolumes } from "./observe.ts";
import type { VolumeSpec, VolumeState } from "./spec.ts";

/** Disks that outlive instances. */
export function volumeKind(settings: HostSettings): Kind<Config, VolumeSpec, VolumeState> {
  return {
    name: "volume",
    addressKinds: [volumes.name],
    desired: (config, facts) => desiredVolumes(config, settings, facts),
    observe: observeVolumes,
    diff: (address, want, have, observed) =>
      withClearing(diffVolume(volumes.at(addressName(address)), want, have, observed), have?.disk, settings),
    check: checkVolumes,
    describe,
    actions: volumeActions,
    sweep: sweepVolumes,
  };
}

function describe({ uuid, path, applied, made, preventDestroy, disk }: VolumeState): Json {
  const found = disk === undefined ? null : { format: disk.format, size: disk.size, backing: disk.backing ?? null };
  return { uuid, path, ...applied, made, prevent_destroy: preventDestroy, found };
}
