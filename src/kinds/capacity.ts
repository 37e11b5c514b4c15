import type { Address } from "../model/address.ts";
import type { Check } from "../model/kind.ts";
import type { HostSettings } from "../model/settings.ts";
import type { Config } from "./config.ts";
import { keepExistingFilesystem } from "./disk/content.ts";
import type { InstanceSpec } from "./instance/desired.ts";
import { checkBackends } from "./storage/backend-check.ts";
import { checkRoom } from "./storage/room-check.ts";
import { checkRounding } from "./storage/size-rounding.ts";
import type { VolumeSpec } from "./volume/spec.ts";

/** Whether the host has memory, processors and space for everything that is wanted, of whichever kind. */
export function checkHostCapacity(settings: HostSettings): Check<Config> {
  return (wanted, observed, config) => {
    const specs = [...(wanted as ReadonlyMap<Address, InstanceSpec | VolumeSpec | { readonly kind?: undefined }>)].map(
      ([address, spec]) => ({ address, spec: keepExistingFilesystem(address, spec as InstanceSpec, observed) as typeof spec }),
    );
    const sized = (kind: "disk" | "volume") =>
      specs.flatMap(({ address, spec }) => (spec.kind === kind ? [{ address, disk: (spec as VolumeSpec).disk }] : []));
    const disks = [...sized("disk"), ...sized("volume")];
    const domains = specs.flatMap(({ spec }) => (spec.kind === "domain" ? [spec.domain] : []));
    const drivesInCeph = specs.some(({ spec }) => spec.kind === "seed" && spec.seed.backend === "rbd");
    return [
      ...checkRoom(disks, domains, observed, settings),
      ...checkBackends(disks, observed, settings, drivesInCeph),
      ...(disks.length === 0 ? [] : checkRounding(config, observed.facts, settings)),
    ];
  };
}
