import { addressName } from "../../model/address.ts";
import type { Kind } from "../../model/kind.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Sought } from "../../model/sought.ts";
import type { Config } from "../config.ts";
import { volumeActions } from "../disk/actions.ts";
import { withClearing } from "../disk/clearing.ts";
import { withCost } from "../disk/cost.ts";
import { describeDisk } from "../disk/describe.ts";
import { foundDisk } from "../disk/found.ts";
import { markedForReplacement } from "../disk/marked-for-replacement.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { givenUp } from "../terms/identity.ts";
import { volumeExists, volumes } from "../terms/volume-address.ts";
import { withNeeds } from "../terms/with-needs.ts";
import { checkVolumes } from "./check.ts";
import { desiredVolumes } from "./desired.ts";
import { diffVolume } from "./diff.ts";
import { observeVolumes } from "./observe.ts";
import type { VolumeSpec } from "./spec.ts";
import { sweepVolumes } from "./sweep.ts";

/** Disks that outlive instances. */
export function volumeKind(
  settings: HostSettings,
  _lookUpSecret?: unknown,
  _config?: unknown,
  sought: Sought = {},
): Kind<Config, VolumeSpec, OwnedDiskState> {
  return {
    name: "volume",
    addressKinds: [volumes.name],
    desired: (config, facts) => desiredVolumes({ config, settings, facts }),
    observe: (context) => observeVolumes(context, sought),
    diff: (address, want, have, observed) => {
      const changed = withClearing(diffVolume(volumes.at(addressName(address)), want, have, observed, settings), have?.disk, settings);
      const change = withCost(changed, want, have, observed, settings);
      const before = givenUp(observed.facts).get(address);
      return before === undefined ? change : withNeeds(change, [volumeExists(volumes.at(addressName(before)))]);
    },
    check: checkVolumes,
    describe: describeDisk,
    found: foundDisk,
    earlierAddress: (address, { identities = {} }) => {
      const earlier = identities[address]?.earlier;
      return earlier === undefined ? undefined : volumes.at(earlier);
    },
    replaced: (address, observed) => (volumes.owns(address) ? [[address, markedForReplacement(observed.get(address))]] : []),
    actions: volumeActions,
    sweep: sweepVolumes,
  };
}
