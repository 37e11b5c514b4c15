import { formatCidr } from "../../model/ip.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config, NicConfig } from "../config.ts";
import { libvirtNetwork, networkOf } from "./network-of.ts";
import { networkTraits } from "./network-traits.ts";
import { filteringOf, isFiltered } from "./port-filter-of.ts";
import { subnetsOf } from "./subnets-of.ts";

/** What the instances and the networks of a configuration need of the host's networks; null when there is nothing. */
export function usedNetworks(config: Config): HostSettings["networks"] {
  const instances = Object.values(config.instances ?? {}).filter(({ count }) => count !== 0);
  const cards = instances.flatMap(({ networks = [] }) => networks);
  const declared = Object.entries(config.networks ?? {}).map(([name, network]) => ({ name, network, ...networkTraits(network) }));
  const foreignOf = ({ network }: NicConfig) => {
    const entry = networkOf(config, { network });
    return network === undefined || (entry !== undefined && entry.network.external !== true) ? [] : [network];
  };
  const foreign = cards.flatMap(foreignOf);
  const external = declared.filter(({ type }) => type === "external");
  const names = [...foreign, ...external.map(({ name }) => name)].map((name) => libvirtNetwork(config, name));
  const bridges = [
    ...cards.flatMap(({ bridge }) => bridge ?? []),
    ...declared.flatMap(({ type, ownBridge, network }) => (type === "bridge" && !ownBridge ? (network.bridge ?? []) : [])),
  ];
  const devices = declared.flatMap(({ type, network }) => [...(type === "ovs" ? [network.bridge ?? []] : []), network.device ?? []].flat());
  const subnets = declared.flatMap(({ hosted, name }) => (hosted ? subnetsOf(config, name).map(({ cidr }) => formatCidr(cidr)) : []));
  const made = declared.flatMap(({ ownBridge, network }) => (ownBridge ? (network.bridge ?? []) : []));
  if (made.length + names.length + bridges.length + devices.length + subnets.length === 0) return null;
  const families = external.flatMap(({ name, network }) => ((network.subnets ?? []).length === 0 ? [] : [libvirtNetwork(config, name)]));
  const filtered = instances
    .flatMap((instance) => (instance.networks ?? []).filter((nic) => isFiltered(filteringOf(instance, nic))))
    .flatMap(foreignOf)
    .map((name) => libvirtNetwork(config, name));
  return {
    names: [...new Set(names)],
    bridges: [...new Set(bridges)],
    devices: [...new Set(devices)],
    families,
    filtered: [...new Set(filtered)],
    subnets: [...new Set(subnets)],
    made: [...new Set(made)],
  };
}
