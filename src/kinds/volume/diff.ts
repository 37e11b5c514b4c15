import type { Change } from "../../model/change.ts";
import type { Observed } from "../../model/observed.ts";
import type { HostSettings } from "../../model/settings.ts";
import { diffDisk } from "../disk/diff.ts";
import { lives } from "../disk/life.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { VolumeAddress } from "../terms/volume-address.ts";
import { lostReplacement, lostVolume } from "./lost.ts";
import type { VolumeSpec } from "./spec.ts";

/** The difference between a volume as wanted and as found: that of any disk, but for one that is lost, which may have no state at all. */
export function diffVolume(
  address: VolumeAddress,
  want: VolumeSpec | undefined,
  have: OwnedDiskState | undefined,
  observed: Observed,
  settings: HostSettings,
): Change | undefined {
  const lost = want === undefined ? null : lostVolume(want, have, observed);
  if (want === undefined || lost === null) return diffDisk(address, want, have, observed, settings);
  // `checkVolumes` says why.
  if (lost.protected || lost.user !== null) return undefined;
  const created = diffDisk(address, want, undefined, observed, settings);
  const create = created?.actions.at(-1);
  if (created === undefined || create === undefined) throw new Error(`nothing creates ${address}`);
  const before = have === undefined ? null : lives.volume.json(have.applied, have.owner.protects);
  return lostReplacement(address, want, create, before, created.after);
}
