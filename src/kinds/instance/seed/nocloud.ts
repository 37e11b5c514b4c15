import { formatIp, netmaskOf, parseCidr } from "../../../model/ip.ts";
import type { Json } from "../../../model/json.ts";
import type { SeedAddress, SeedAddressing, SeedInterface, SeedSpec } from "../../terms/spec.ts";
import { vlanDevice } from "../../terms/vlan-device.ts";
import { leasesIpv4 } from "../leases-ipv4.ts";
import { bondLinkLook, bondMode, logicalInterfaces } from "./logical-interfaces.ts";
import type { SeedTree, SeedValues } from "./tree.ts";

/**
 * Every file of a drive for cloud-init's NoCloud data source, which needs meta-data and user-data even where they are empty. They are YAML, of which JSON is
 * a part. Metadata of the user are below `meta`, as in OpenStack's documents. Pure.
 */
export function nocloudTree(spec: SeedSpec, { userData }: Pick<SeedValues, "userData">): SeedTree {
  const tree = new Map<string, Buffer>();
  const json = (path: string, value: Json) => tree.set(path, Buffer.from(`${JSON.stringify(value, null, 1)}\n`));
  const metadata = Object.entries(spec.metadata);
  const keys = Object.values(spec.publicKeys);
  json("meta-data", {
    "instance-id": spec.uuid,
    "local-hostname": spec.hostname,
    name: spec.instance,
    launch_index: spec.launchIndex,
    project_id: spec.project,
    ...(keys.length > 0 && { "public-keys": keys }),
    ...(metadata.length > 0 && { meta: Object.fromEntries(metadata) }),
  });
  tree.set("user-data", userData ?? Buffer.alloc(0));
  if (spec.interfaces.length > 0) json("network-config", networkConfig(spec.interfaces));
  return tree;
}

/**
 * cloud-init's network configuration in version 1, which all its releases and cloudbase-init know: cards are found by their MAC addresses and named in order. A
 * card without a written IPv4 address asks for one by DHCP.
 */
export function networkConfig(interfaces: readonly SeedInterface[]): Json {
  const card = ({ mac, mtu }: SeedInterface, index: number) => ({
    type: "physical",
    name: cardName(index),
    mac_address: mac,
    ...(mtu === undefined ? {} : { mtu }),
  });
  const bonds = logicalInterfaces(interfaces).flatMap(({ nic, bond }): Json[] =>
    bond === null
      ? []
      : [
          {
            type: "bond",
            name: bond.name,
            mac_address: nic.mac,
            ...(nic.mtu === undefined ? {} : { mtu: nic.mtu }),
            bond_interfaces: bond.members.map(cardName),
            params: { "bond-mode": bondMode, "bond-miimon": bondLinkLook },
            subnets: subnetsOf(nic),
          },
        ],
  );
  const cards = interfaces.map((nic, index) =>
    nic.bond === undefined ? { ...card(nic, index), subnets: subnetsOf(nic) } : card(nic, index),
  );
  const vlans = logicalInterfaces(interfaces).flatMap(({ nic, index, bond }) => vlansOn(nic, bond?.name ?? cardName(index)));
  return { version: 1, config: [...cards, ...bonds, ...vlans] };
}

function vlansOn({ vlans = [] }: SeedInterface, card: string): Json[] {
  return vlans.map((vlan) => ({
    type: "vlan",
    name: vlanDevice(card, vlan.id),
    vlan_link: card,
    vlan_id: vlan.id,
    ...(vlan.mtu === undefined ? {} : { mtu: vlan.mtu }),
    subnets: subnetsOf(vlan),
  }));
}

const cardName = (index: number) => `eth${index}`;

function subnetsOf(nic: SeedAddressing): Json[] {
  return [
    ...(leasesIpv4(nic) ? [{ type: "dhcp4" }] : []),
    ...(nic.ipv6 === undefined ? [] : [{ type: announced[nic.ipv6] }]),
    ...(nic.addresses ?? []).filter(({ dhcp }) => !dhcp).map(subnetOf),
  ];
}

/** Words of version 1. */
const announced = { slaac: "ipv6_slaac", dhcp: "dhcp6" } as const;

function subnetOf({ family, address, prefix, gateway, dnsServers, routes }: SeedAddress): Json {
  return {
    type: family === 4 ? "static" : "static6",
    address: `${address}/${prefix}`,
    ...(gateway === null ? {} : { gateway }),
    ...(dnsServers.length === 0 ? {} : { dns_nameservers: [...dnsServers] }),
    ...(routes.length === 0 ? {} : { routes: routes.map(({ to, via }) => routeOf(to, via)) }),
  };
}

/** Throws for text that is no subnet: a bug, for it was written by virtform. */
function routeOf(to: string, gateway: string): Json {
  const subnet = parseCidr(to);
  if (subnet === undefined) throw new Error(`${to} is not a subnet`);
  return { network: formatIp(subnet), netmask: netmaskOf(subnet), gateway };
}
