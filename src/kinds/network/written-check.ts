import type { Diagnostic } from "../../model/diagnostic.ts";
import { addressText, formatCidr, overlaps } from "../../model/ip.ts";
import type { Pointer } from "../../model/pointer.ts";
import { shellWord } from "../../model/shell-word.ts";
import { type NetworkType, networkTraits } from "../config/network-traits.ts";
import { type Subnet, subnetsOf } from "../config/subnets-of.ts";
import type { Config, NetworkConfig } from "../config.ts";
import { checkFixedAddresses } from "./fixed-address-check.ts";
import { checkSubnets } from "./subnet-check.ts";
import { notAnAddress, repeated, wrong } from "./wrong.ts";

/** Mistakes in `networks`, and in the addresses of instances in them, that need no host to be seen. Pure. */
export function checkWrittenNetworks(config: Pick<Config, "project" | "networks" | "instances">): Diagnostic[] {
  const entries = Object.entries(config.networks ?? {});
  return [
    ...entries.flatMap(([name, network]) => [
      ...checkKeys(name, network),
      ...checkDns(name, network),
      ...checkSubnets(config, name, network),
    ]),
    ...checkTwice(entries),
    ...checkChains(config, entries),
    ...checkOverlaps(config, entries),
    ...checkFixedAddresses(config),
  ];
}

type Entry = readonly [name: string, network: NetworkConfig];

/** Keys that have no effect for the type of the network, and those that it needs. */
function checkKeys(name: string, network: NetworkConfig): Diagnostic[] {
  const { type, hosted, routes, ownBridge } = networkTraits(network);
  if (type === "external") return [];
  const at: Pointer = ["networks", name];
  const refused = (key: keyof NetworkConfig, types: string) =>
    network[key] === undefined
      ? []
      : [wrong([...at, key], `${key} has no effect for type ${type}`, `It is for ${types}. Remove it, or change the type.`)];
  const deviceRefused = () => {
    if (type !== "bridge") return refused("device", "types macvtap, nat and routed");
    // With vlan, its message has the commands.
    if (network.device === undefined || network.vlan !== undefined) return [];
    const detail = `A bridge with a network card is part of the network configuration of the host, which makes it again at each boot. Make it there, write bridge: br0 with its name, and remove device${network.create === true ? " and create" : ""}. Or use type: macvtap, in which guests share the card.`;
    return [wrong([...at, "device"], "A bridge gets no network card from virtform", detail)];
  };
  const needed = (key: keyof NetworkConfig, detail: string) =>
    network[key] === undefined ? [wrong(at, `A network of type ${type} needs ${key}`, detail)] : [];
  return [
    ...(type === "bridge" ? [] : refused("create", "type bridge")),
    ...(type === "macvtap" ? refused("bridge", "the other types") : []),
    ...(type === "macvtap" ? needed("device", "Name the network card of the host that guests share: device: eth0.") : []),
    ...(type === "macvtap" || type === "nat" || type === "routed" ? [] : deviceRefused()),
    ...(ownBridge || type === "macvtap"
      ? []
      : needed("bridge", `Name the bridge of the host: bridge: br0.${type === "bridge" ? " Or let libvirt make one: create: true." : ""}`)),
    ...(type === "ovs" ? [] : vlanRefused(at, network, type)),
    ...(type === "macvtap" ? refused("mtu", "the other types") : []),
    ...(hosted
      ? []
      : [...refused("dns", "types nat, routed, open and isolated"), ...refused("domain", "types nat, routed, open and isolated")]),
    ...(routes && (network.subnets ?? []).length === 0
      ? [
          wrong(
            at,
            `A network of type ${type} needs a subnet`,
            "The host has an address in it and routes there: subnets: [{ cidr: 192.168.50.0/24 }].",
          ),
        ]
      : []),
  ];
}

/** A VLAN device made by an apply would be gone after a boot, and the network would be active without it. */
function vlanRefused(at: Pointer, network: NetworkConfig, type: NetworkType): Diagnostic[] {
  const { vlan, create = false, device = "eth0" } = network;
  if (vlan === undefined) return [];
  const bridge = create ? `br-${vlan}` : (network.bridge ?? `br-${vlan}`);
  const card = `${device}.${vlan}`;
  const made = `ip link add link ${shellWord(device)} name ${shellWord(card)} type vlan id ${vlan}`;
  const enslaved = `ip link set ${shellWord(card)} master ${shellWord(bridge)} up`;
  const lasting = "in the network configuration of the host, which does so again at each boot";
  const others = "Or use type: ovs, which takes vlan; or, with libvirt 11, write vlan into the interfaces of instances.";
  const details: Partial<Record<NetworkType, string>> = {
    bridge: `Guests are in the VLAN of the ports of their bridge. Make a VLAN device a port of it (${made}; ${enslaved}) ${lasting}, write bridge: ${bridge}, and remove ${create ? "create, device and vlan" : "vlan"}. ${others}`,
    macvtap: `Guests are in the VLAN of device. Make a VLAN device (${made}) ${lasting}, write device: ${card}, and remove vlan.`,
  };
  const detail = details[type] ?? "It is for type ovs. Remove it, or change the type.";
  return [wrong([...at, "vlan"], `vlan has no effect for type ${type}`, detail)];
}

/** A name that is given up and taken in one apply. A name that its entry keeps is refused elsewhere. */
function checkChains({ networks: declared = {} }: Pick<Config, "networks">, entries: readonly Entry[]): Diagnostic[] {
  return entries.flatMap(([name, { renamed_from: from }]) => {
    if (from === undefined || !Object.hasOwn(declared, from)) return [];
    const detail = `networks.${from} is renamed as well. Rename it in an apply of its own, then rename the other one.`;
    return [wrong(["networks", name, "renamed_from"], `${from} and ${name} are renamed in a chain`, detail)];
  });
}

/** Two networks with one bridge of libvirt's, or under one name of libvirt's. */
function checkTwice(entries: readonly Entry[]): Diagnostic[] {
  const firstOf = new Map<string, string>();
  return entries.flatMap(([name, network]) => {
    const { type, ownBridge } = networkTraits(network);
    const keys = [
      { key: `network ${network.name ?? name}`, at: type === "external" && network.name !== undefined ? ["name"] : [] },
      ...(ownBridge && network.bridge !== undefined ? [{ key: `bridge ${network.bridge}`, at: ["bridge"] }] : []),
    ];
    return keys.flatMap(({ key, at }) => {
      const first = firstOf.get(key);
      if (first === undefined) firstOf.set(key, name);
      if (first === undefined) return [];
      return [wrong(["networks", name, ...at], `Networks ${first} and ${name} have the same ${key}`, "Each needs its own.")];
    });
  });
}

/** The host would have two routes to the same addresses. */
function checkOverlaps(config: Pick<Config, "networks">, entries: readonly Entry[]): Diagnostic[] {
  const seen: (readonly [string, Subnet])[] = [];
  return entries.flatMap(([name, network]) => {
    if (!networkTraits(network).hosted) return [];
    const own = subnetsOf(config, name);
    const found = own.flatMap((subnet) => {
      const other = seen.find(([, { cidr }]) => overlaps(cidr, subnet.cidr));
      if (other === undefined) return [];
      const detail = `The host has an address in both and could reach only one of them. Choose another subnet for ${name} or ${other[0]}.`;
      return [
        wrong(
          ["networks", name, "subnets", subnet.index, "cidr"],
          `${formatCidr(subnet.cidr)} overlaps ${formatCidr(other[1].cidr)} of network ${other[0]}`,
          detail,
        ),
      ];
    });
    seen.push(...own.map((subnet) => [name, subnet] as const));
    return found;
  });
}

function checkDns(name: string, { dns, domain }: NetworkConfig): Diagnostic[] {
  if (dns === undefined) return [];
  const at: Pointer = ["networks", name, "dns"];
  const { enabled = true, forwarders = [], hosts = [], txt = [], srv = [] } = dns;
  const rest = (["forwarders", "hosts", "txt", "srv"] as const).filter((key) => dns[key] !== undefined);
  if (!enabled)
    return rest.map((key) =>
      wrong([...at, key], `${key} has no effect while DNS is off`, `dns.enabled is false. Remove ${key}, or enabled.`),
    );
  return [
    ...forwarders.flatMap((address, index) => notAnAddress([...at, "forwarders", index], address)),
    ...hosts.flatMap(({ address }, index) => notAnAddress([...at, "hosts", index, "address"], address)),
    ...repeated(
      hosts.map(({ address }) => addressText(address)),
      (index) => [...at, "hosts", index, "address"],
      "List all names of an address in one entry.",
    ),
    ...repeated(
      txt.map((record) => record.name),
      (index) => [...at, "txt", index, "name"],
      "A name has one TXT record.",
    ),
    ...repeated(
      srv.map((record) => [record.service, record.protocol, record.domain ?? domain, `${record.target}:${record.port}`].join(" ")),
      (index) => [...at, "srv", index],
      "List each target once.",
    ),
    ...srv.flatMap((record, index) =>
      record.domain === undefined && domain === undefined
        ? [
            wrong(
              [...at, "srv", index],
              "The SRV record has no domain",
              "The network has no domain either. Write domain into the record or into the network.",
            ),
          ]
        : [],
    ),
  ];
}
