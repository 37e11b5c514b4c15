import { createHash } from "node:crypto";
import { addressSubnet, formatCidr, subnetOf } from "../../model/ip.ts";
import { libvirtNetwork, networkOf } from "../config/network-of.ts";
import { filteringOf } from "../config/port-filter-of.ts";
import type { Config, ImageConfig, InstanceConfig, NicConfig } from "../config.ts";
import { type AddressPair, portFilterName, portName } from "../terms/port-filter.ts";
import type { InterfaceSpec } from "../terms/spec.ts";

/** The network interfaces of an instance, with addresses and models filled in. `origin`: the name that the instance was created as. */
export function interfacesOf(
  instance: InstanceConfig,
  image: Partial<ImageConfig>,
  config: Pick<Config, "project" | "networks">,
  origin: string,
): InterfaceSpec[] {
  const { project = "default" } = config;
  return (instance.networks ?? []).map((network, index) => {
    const mac = network.mac ?? derivedMac(`${project}/${origin}/${nicName(network, index)}`);
    return {
      name: nicName(network, index),
      type: network.network !== undefined ? "network" : network.bridge !== undefined ? "bridge" : "user",
      source: network.network === undefined ? (network.bridge ?? "") : libvirtNetwork(config, network.network),
      mac,
      ...(networkOf(config, network)?.network.type === "ovs" ? { switched: true as const } : {}),
      model: network.model ?? image.properties?.["hw_vif_model"] ?? "virtio",
      link: network.link ?? "up",
      ...portOf(config, instance, network),
      filter: filterOf(instance, network, { project, origin, mac }),
    };
  });
}

function portOf(config: Pick<Config, "networks">, instance: InstanceConfig, network: NicConfig): Pick<InterfaceSpec, "port"> {
  const { mtu = null, queues = null, bandwidth, vlan = null, trust = null } = network;
  const bootOrder = bootOrderOf(instance, network);
  const trunk = trunkOf(config, network);
  const port = {
    mtu,
    queues,
    bandwidth: bandwidth === undefined ? null : limitsOf(bandwidth),
    vlan: trunk === undefined ? vlan : null,
    trust,
    bootOrder,
    ...(trunk === undefined ? {} : { trunk }),
  };
  return Object.values(port).every((value) => value === null) ? {} : { port };
}

/** The VLANs of a port of Open vSwitch whose guest tags packets; undefined where it does not. Ports of Linux bridges carry what the bridge does. */
function trunkOf(config: Pick<Config, "networks">, nic: NicConfig): string | undefined {
  const network = networkOf(config, nic)?.network;
  if (nic.vlans === undefined || nic.vlans.length === 0 || network?.type !== "ovs") return undefined;
  const untagged = nic.vlan ?? network.vlan;
  // In Open vSwitch, VLAN 0 is that of packets without a tag, which a trunk without it drops.
  return `trunk ${[untagged === undefined ? "0" : `${untagged} untagged`, ...nic.vlans.map(({ id }) => id).sort((one, other) => one - other)].join(", ")}`;
}

/** Limits by the names of their fields, in libvirt's unit. */
function limitsOf(bandwidth: NonNullable<NicConfig["bandwidth"]>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(bandwidth).flatMap(([direction, limits]) =>
      Object.entries(limits).map(([metric, bytes]) => [`${direction}_${metric}`, Number(bytes) / 1024]),
    ),
  );
}

/** libvirt counts from one, which is the root disk, or in rescue the rescue disk. */
function bootOrderOf({ rescue = false, adopt }: InstanceConfig, { boot_index: index }: NicConfig): number | null {
  return index === undefined || adopt === true || rescue !== false ? null : index + 1;
}

function filterOf(
  instance: InstanceConfig,
  network: NicConfig,
  { project, origin, mac }: { readonly project: string; readonly origin: string; readonly mac: string },
): InterfaceSpec["filter"] {
  const filtering = filteringOf(instance, network);
  if (filtering === null || filtering === "none") return filtering;
  const name = portName(origin, mac);
  return {
    name,
    filter: portFilterName(project, name),
    groups: filtering.groups,
    addresses: network.addresses ?? [],
    pairs: pairsOf(network, mac),
  };
}

/** Addresses that are none are left out: `checkPorts` reports them. */
function pairsOf({ allowed_address_pairs: pairs = [] }: NicConfig, mac: string): AddressPair[] {
  const found = pairs.flatMap(({ address, mac: other = mac }): AddressPair[] => {
    const subnet = addressSubnet(address);
    return subnet === undefined ? [] : [{ subnet: formatCidr(subnetOf(subnet)), mac: other }];
  });
  return found.filter(({ subnet, mac: of }, index) => found.findIndex((one) => one.subnet === subnet && one.mac === of) === index);
}

/** The name of an interface within its instance: its position, where it has none. */
export function nicName({ name }: Pick<NicConfig, "name">, index: number): string {
  return name ?? String(index);
}

/** An address in qemu's range, the same for the same interface on every run. */
function derivedMac(identity: string): string {
  const digest = createHash("sha256").update(identity).digest("hex");
  return `52:54:00:${digest.slice(0, 2)}:${digest.slice(2, 4)}:${digest.slice(4, 6)}`;
}
