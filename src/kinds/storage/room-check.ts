import type { DiskSpec, DiskState } from "../../drivers/driver.ts";
import type { AddressOf } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { InstanceDiskState } from "../disk/disk.ts";
import { cachedImage } from "../image/address.ts";
import type { ImageState } from "../image/spec.ts";
import { guests } from "../terms/guest-address.ts";
import type { DomainSpec } from "../terms/spec.ts";
import type { VolumeState } from "../volume/spec.ts";
import { checkCapacity } from "./capacity.ts";

/** A disk that takes room, an instance's or a volume. */
export interface SizedDisk {
  readonly address: AddressOf<InstanceDiskState | VolumeState>;
  readonly disk: DiskSpec;
}

/**
 * Whether the host has room for the final state. Asked only when more is wanted than is there: guests that exist already
 * are no reason to refuse a plan that adds nothing.
 */
export function checkRoom(
  disks: readonly SizedDisk[],
  domains: readonly DomainSpec[],
  observed: Observed,
  settings: HostSettings,
): Diagnostic[] {
  const grows = domains.some(({ instance, memory, vcpus }) => {
    const fields = observed.get(guests.at(instance))?.fields;
    return fields === undefined || memory > Number(fields["memory"]) || vcpus > Number(fields["vcpus"]);
  });
  const others = observed.unmanaged.flatMap(({ takes }) => takes ?? []);
  return checkCapacity({
    domains: grows ? domains : [],
    others: { memory: sum(others.map(({ memory }) => memory)), vcpus: sum(others.map(({ vcpus }) => vcpus)) },
    reservedBytes: sum(disks.filter(reservesSpace).map((disk) => bytesToReserve(disk, observed))),
    diskBytes: sum(disks.filter(keepsFiles).map((disk) => missingBytes(disk, observed))),
    facts: observed.facts,
    settings,
  });
}

/** Whether a disk takes space of the filesystem that the instances path is on. */
function keepsFiles({ disk }: { readonly disk: Pick<DiskSpec, "backend"> }): boolean {
  return disk.backend !== "lvm" && disk.backend !== "rbd";
}

/** Whether a disk takes all its space at once. */
export function reservesSpace({ disk }: SizedDisk): boolean {
  return disk.preallocate === "space" && (disk.backend === "flat" || disk.backend === "qcow2");
}

/** Virtual bytes that a disk is to get; of an image that nobody has seen yet nothing is known. */
export function missingBytes(sized: SizedDisk, observed: Observed): number {
  return Math.max(0, wantedBytes(sized, observed) - (foundInPlace(sized, observed)?.size ?? 0));
}

/** The disk as found, unless it is in another filesystem, volume group or pool than it is wanted in: there it takes no room yet. */
export function foundInPlace(sized: SizedDisk, observed: Observed): DiskState | undefined {
  const have = observed.get(sized.address);
  if (have?.disk === undefined) return undefined;
  const { backend } = have.disk;
  const bothFiles = keepsFiles({ disk: { backend } }) && keepsFiles(sized);
  const samePlace = backend === sized.disk.backend && have.applied.place === sized.disk.place;
  return bothFiles || samePlace ? have.disk : undefined;
}

/** A disk that becomes another backend's gives back what it takes, which may be far less than its size. */
function bytesToReserve(sized: SizedDisk, observed: Observed): number {
  const have = foundInPlace(sized, observed);
  if (have === undefined || have.backend === sized.disk.backend) return missingBytes(sized, observed);
  return Math.max(0, wantedBytes(sized, observed) - (have.allocated ?? 0));
}

function wantedBytes(sized: SizedDisk, observed: Observed): number {
  return sized.disk.size ?? wantedBase(sized, observed)?.sidecar.virtualSize ?? 0;
}

/** The base image that a disk is to be made from, when it is in the cache. */
export function wantedBase({ disk }: SizedDisk, observed: Observed): ImageState | undefined {
  return disk.base === undefined ? undefined : cachedImage(observed, disk.base.entry);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
