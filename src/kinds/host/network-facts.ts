import type { Context } from "../../model/context.ts";
import { CodedError } from "../../model/errors.ts";
import type { NetworkFacts } from "../../model/host-facts.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";

/** Looks up the networks and bridges that the configuration names; null when it names none. */
export async function lookUpNetworks(context: Context): Promise<NetworkFacts | null> {
  const { networks } = context.settings;
  if (networks === null) return null;
  const [active, found] = await Promise.all([
    networks.names.length === 0 ? {} : activeNetworks(context),
    context.host.files.statMany(networks.bridges.flatMap((name) => [interfacePath(name), `${interfacePath(name)}/bridge`])),
  ]);
  const missing = (index: number) => found[index] === undefined;
  return {
    active,
    missingBridges: networks.bridges.filter((_, index) => missing(2 * index)),
    notBridges: networks.bridges.filter((_, index) => !missing(2 * index) && missing(2 * index + 1)),
  };
}

async function activeNetworks(context: Context): Promise<Readonly<Record<string, boolean>> | null> {
  try {
    return Object.fromEntries(await libvirtOf(context).networks());
  } catch (error) {
    // Where the daemons are split, that of networks may be missing; guests on bridges do not need it.
    if (!(error instanceof CodedError)) throw error;
    return null;
  }
}

/** Names of interfaces are at most 15 characters without a slash (checked with the configuration). */
function interfacePath(name: string): string {
  return `/sys/class/net/${name}`;
}
