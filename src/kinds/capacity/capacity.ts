import type { Address } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Kind, Observed } from "../../model/kind.ts";
import type { Resource } from "../../model/resource.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config } from "../config.ts";
import { withOwnContent } from "../disk/content.ts";
import { driveDisk, type InstanceSpec } from "../instance/desired.ts";
import type { VolumeSpec } from "../volume/spec.ts";
import { checkDrivers } from "./driver-check.ts";
import { checkMkfs } from "./mkfs-check.ts";
import { checkPreallocation } from "./preallocation-check.ts";
import { checkRoom, planned, type SizedDisk } from "./room.ts";
import { checkRounding } from "./size-rounding.ts";

type AnySpec = InstanceSpec | VolumeSpec | { readonly kind?: undefined };

/** Owns nothing: looks at everything that is wanted, of all kinds together, and at what the host and its storage have to give. */
export function capacityKind(settings: HostSettings): Kind<Config, AnySpec, never> {
  return {
    name: "capacity",
    addressKinds: [],
    desired: () => [],
    observe: () => Promise.resolve({ states: new Map<Address, never>(), unmanaged: [], diagnostics: [], complete: true }),
    diff: () => undefined,
    check: (resources, observed, config) => checkAll(resources, observed, config, settings),
    describe: () => null,
    actions: [],
  };
}

function checkAll(resources: readonly Resource<AnySpec>[], observed: Observed, config: Config, settings: HostSettings): Diagnostic[] {
  const disks = [...sizedDisks(resources, observed)].map((sized) => planned(sized, observed));
  const domains = resources.flatMap(({ spec }) => (spec.kind === "domain" ? [spec.domain] : []));
  if (disks.length === 0 && domains.length === 0) return [];
  return [
    ...checkRoom(disks, domains, observed, settings),
    ...checkDrivers(disks, observed, settings),
    ...checkPreallocation(disks, observed.facts, settings),
    ...checkMkfs(disks, observed),
    ...checkRounding(config, observed.facts, settings),
  ];
}

/** Disks of instances, their drives where a driver keeps them, then volumes. */
function sizedDisks(resources: readonly Resource<AnySpec>[], observed: Observed): SizedDisk[] {
  const [own, volumes]: [SizedDisk[], SizedDisk[]] = [[], []];
  for (const { address, spec } of resources) {
    if (spec.kind === "volume") volumes.push({ address, disk: spec.disk });
    else if (spec.kind === "seed" && spec.seed.backend !== undefined) own.push({ address, disk: driveDisk(spec.seed, spec.seed.backend) });
    else if (spec.kind === "disk") {
      const whole = withOwnContent(address, spec, observed);
      if (whole.kind === "disk") own.push({ address, disk: whole.disk });
    }
  }
  return [...own, ...volumes];
}
