import { addressesOf } from "../kinds/instance/addresses.ts";
import { type InstanceOverview, overviewOf } from "../kinds/instance/overview.ts";
import { diskAddress } from "../kinds/terms/disk-name.ts";
import type { DomainSpec } from "../kinds/terms/spec.ts";
import { instanceFiles } from "../model/layout.ts";
import type { FoundInstance } from "../model/result.ts";
import type { HostSession } from "../session.ts";
import type { Survey } from "./survey.ts";

/** Every instance that a configuration declares or that is on its host, with the addresses of those that run. */
export async function foundInstances(
  { kinds, config, context }: Pick<HostSession, "kinds" | "config" | "context">,
  { observed, behind }: Pick<Survey, "observed" | "behind">,
): Promise<FoundInstance[]> {
  const wanted = kinds.flatMap((kind) => kind.desired(config, observed.facts)).flatMap(({ spec }) => domainOf(spec));
  const instances = overviewOf(wanted, observed);
  const addresses = await addressesOf(context, instances);
  return instances.map((instance) => {
    const late = behind.has(diskAddress(instance.name, instanceFiles.root)) ? ({ behind_image: true } as const) : {};
    return { ...foundInstance(instance, addresses.get(instance.name) ?? []), ...late };
  });
}

function domainOf(spec: unknown): DomainSpec[] {
  const { kind, domain } = spec as { readonly kind?: string; readonly domain?: DomainSpec };
  return kind === "domain" && domain !== undefined ? [domain] : [];
}

function foundInstance(
  { guest, disks, interfaces, waits: _shown, hasAgent: _asked, ...instance }: InstanceOverview,
  addresses: readonly string[],
): FoundInstance {
  const known = guest as Omit<FoundInstance, "name"> | null;
  return { power_state: null, ...known, ...instance, addresses, interfaces: Object.keys(interfaces), disk_sizes: disks };
}
