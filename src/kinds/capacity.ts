import type { DiskSpec, PlannedDisk } from "../drivers/driver.ts";
import type { Address } from "../model/address.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Check } from "../model/kind.ts";
import type { HostSettings } from "../model/settings.ts";
import { checkDrivers } from "./capacity/driver-check.ts";
import { checkMkfs } from "./capacity/mkfs-check.ts";
import { checkPreallocation } from "./capacity/preallocation-check.ts";
import { checkRoom, planned, type SizedDisk } from "./capacity/room.ts";
import { checkRounding } from "./capacity/size-rounding.ts";
import type { Config } from "./config.ts";
import { keepExistingContent } from "./disk/content.ts";
import type { InstanceSpec } from "./instance/desired.ts";
import { disks as instanceDisks } from "./terms/disk-address.ts";
import { volumes } from "./terms/volume-address.ts";
import type { VolumeSpec } from "./volume/spec.ts";

/** Whether the host and its storage have memory, processors and space for everything that is wanted. */
export function checkHostCapacity(settings: HostSettings): Check<Config> {
  return (wanted, observed, config) => {
    const [own, drives, others]: [SizedDisk[], PlannedDisk[], SizedDisk[]] = [[], [], []];
    const domains = [];
    for (const [address, found] of wanted as ReadonlyMap<Address, InstanceSpec | VolumeSpec | { readonly kind?: undefined }>) {
      const spec = keepExistingContent(address, found as InstanceSpec, observed) as typeof found;
      if (spec.kind === "disk" && instanceDisks.owns(address)) own.push({ address, disk: spec.disk });
      if (spec.kind === "volume" && volumes.owns(address)) others.push({ address, disk: spec.disk });
      if (spec.kind === "seed") drives.push(driveOf(address, spec.seed.disk));
      if (spec.kind === "domain") domains.push(spec.domain);
    }
    const plannedOf = (sized: SizedDisk) => planned(sized, observed);
    const disks = [...own.map(plannedOf), ...drives, ...others.map(plannedOf)];
    return [
      ...checkRoom(disks, domains, observed, settings).map((shortage) => whereWritten(shortage, config)),
      ...checkDrivers(disks, observed, settings),
      ...checkPreallocation(disks, observed.facts, settings),
      ...checkMkfs(disks, observed),
      ...(disks.length === 0 ? [] : checkRounding(config, observed.facts, settings)),
    ];
  };
}

/** A shortage where the setting that limits the room is written, else at the guests: no setting has a place that has its default. */
function whereWritten(shortage: Diagnostic, { host = {} }: Config): Diagnostic {
  const [, key = ""] = shortage.pointer ?? [];
  return Object.hasOwn(host, key) ? shortage : { ...shortage, pointer: ["instances"] };
}

/** A config drive needs almost no space, but its storage must exist. */
function driveOf(address: Address, disk: DiskSpec): PlannedDisk {
  return { address, disk, found: undefined, missing: 0, baseSize: 0 };
}
