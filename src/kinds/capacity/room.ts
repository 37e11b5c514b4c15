import { baseOf } from "../../drivers/content.ts";
import type { DiskSpec, DiskState, PlannedDisk } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";
import type { AddressOf } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import type { HostSettings } from "../../model/settings.ts";
import { cachedImage } from "../image/address.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { guests } from "../terms/guest-address.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { type CapacityInput, checkCapacity } from "./host-room.ts";

/** A disk that takes room, an instance's or a volume. */
export interface SizedDisk {
  readonly address: AddressOf<OwnedDiskState>;
  readonly disk: DiskSpec;
}

/** A disk with what the room for it is judged by. Of an image that was never fetched the size is not known. */
export function planned(sized: SizedDisk, observed: Observed): PlannedDisk {
  const { address, disk } = sized;
  const found = foundInPlace(sized, observed);
  const base = baseOf(disk);
  const cached = base === null ? undefined : cachedImage(observed, base.entry);
  const baseSize = cached?.sidecar.virtualSize ?? 0;
  return { address, disk, found, baseSize, missing: Math.max(0, (disk.size ?? baseSize) - (found?.size ?? 0)) };
}

/**
 * Whether the host has room for the final state. Checked only when the plan adds something: existing guests are no reason
 * to refuse a plan that adds nothing.
 */
export function checkRoom(
  disks: readonly PlannedDisk[],
  domains: readonly DomainSpec[],
  observed: Observed,
  settings: HostSettings,
): Diagnostic[] {
  const grows = domains.some(({ instance, memory, vcpus }) => {
    const fields = observed.get(guests.at(instance))?.fields;
    return fields === undefined || memory > Number(fields["memory"]) || vcpus > Number(fields["vcpus"]);
  });
  return checkCapacity({
    domains: grows ? domains : [],
    others: takenByOthers(observed),
    reservedBytes: sum(disks.filter(reservesSpace).map(bytesToReserve)),
    diskBytes: sum(disks.filter(({ disk }) => keepsFiles(disk)).map(({ missing }) => missing)),
    allDiskBytes: sum(
      disks.filter(({ disk }) => keepsFiles(disk)).map(({ disk, found, baseSize }) => disk.size ?? found?.size ?? baseSize),
    ),
    facts: observed.facts,
    settings,
  });
}

/**
 * Room that this project cannot use: that of guests of others, and that of applies of other projects that run now. A guest that is both counts
 * once.
 */
function takenByOthers({ unmanaged, facts }: Observed): CapacityInput["others"] {
  const claims = facts.claims ?? [];
  const claimed = new Map(claims.flatMap(({ guests }) => guests.map((guest) => [guest.uuid, guest] as const)));
  const found = unmanaged.flatMap(({ uuid = "", takes }) => {
    if (takes === undefined) return [];
    const claim = claimed.get(uuid);
    claimed.delete(uuid);
    return [{ memory: Math.max(takes.memory, claim?.memory ?? 0), vcpus: Math.max(takes.vcpus, claim?.vcpus ?? 0) }];
  });
  const all = [...found, ...claimed.values()];
  return {
    memory: sum(all.map(({ memory }) => memory)),
    vcpus: sum(all.map(({ vcpus }) => vcpus)),
    diskBytes: sum(claims.map(({ diskBytes }) => diskBytes)),
    applies: claims.map(({ project }) => project),
  };
}

/** Whether a disk takes space of the filesystem that the instances path is on. */
function keepsFiles({ backend }: Pick<DiskSpec, "backend">): boolean {
  return driverOf(backend).traits.files;
}

/** Whether a disk takes all its space at once. */
export function reservesSpace({ disk }: Pick<PlannedDisk, "disk">): boolean {
  return disk.preallocate === "space" && driverOf(disk.backend).traits.reserves;
}

/** The disk as found, unless it is in another filesystem, volume group or pool than it is wanted in: there it takes no room yet. */
function foundInPlace({ address, disk }: SizedDisk, observed: Observed): DiskState | undefined {
  const have = observed.get(address);
  if (have?.disk === undefined) return undefined;
  const bothFiles = keepsFiles(have.disk) && keepsFiles(disk);
  const samePlace = have.disk.backend === disk.backend && have.applied.place === disk.place;
  return bothFiles || samePlace ? have.disk : undefined;
}

/** A disk that becomes another driver's gives back what it takes, which may be far less than its size. */
function bytesToReserve({ disk, found, missing, baseSize }: PlannedDisk): number {
  if (found === undefined || found.backend === disk.backend) return missing;
  return Math.max(0, (disk.size ?? baseSize) - (found.allocated ?? 0));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
