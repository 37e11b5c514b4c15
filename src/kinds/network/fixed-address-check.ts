import type { Diagnostic } from "../../model/diagnostic.ts";
import { addressText, formatCidr, formatIp, type Ip, isHostAddress, parseIp } from "../../model/ip.ts";
import type { Pointer } from "../../model/pointer.ts";
import { type FixedAddress, fixedAddresses } from "../config/fixed-addresses.ts";
import { hasConfigDrive } from "../config/has-config-drive.ts";
import { networkOf } from "../config/network-of.ts";
import { filteringOf, isFiltered } from "../config/port-filter-of.ts";
import type { Subnet } from "../config/subnets-of.ts";
import type { Config, InstanceConfig, NicConfig } from "../config.ts";
import { interfacesOf, nicName } from "../guest/interfaces.ts";
import { checkInside } from "./subnet-check.ts";
import { notAnAddress, wrong } from "./wrong.ts";

/** Mistakes in the fixed addresses of instances. Pure. */
export function checkFixedAddresses(config: Pick<Config, "project" | "host" | "networks" | "instances">): Diagnostic[] {
  const usedBy = new Map<string, string>();
  return Object.entries(config.instances ?? {}).flatMap(([entry, instance]) =>
    (instance.networks ?? []).flatMap((nic, index) => {
      const at: Pointer = ["instances", entry, "networks", index];
      const port: Port = { config, entry, instance, nic, index, at: [...at, "addresses"] };
      const own = nic.addresses === undefined ? [] : [...checkEffect(port), ...checkPlaces(port), ...checkUnique(port, usedBy)];
      // An address in a VLAN is one of the network that the VLAN is.
      const inVlans = (nic.vlans ?? []).flatMap(({ network, addresses }, position) => {
        if (network === undefined || addresses === undefined) return [];
        const { name } = nic;
        const within: Port = {
          ...port,
          nic: { network, addresses, ...(name === undefined ? {} : { name }) },
          at: [...at, "vlans", position, "addresses"],
        };
        return [...checkPlaces(within), ...checkUnique(within, usedBy)];
      });
      return [...own, ...inVlans];
    }),
  );
}

/** An interface with fixed addresses, as it is written. */
interface Port {
  readonly config: Pick<Config, "project" | "host" | "networks">;
  readonly entry: string;
  readonly instance: InstanceConfig;
  readonly nic: NicConfig;
  readonly index: number;
  /** Of its `addresses`. */
  readonly at: Pointer;
}

/** Addresses that neither the network nor a drive nor a filter makes anything of. */
function checkEffect({ config, instance, nic, at }: Port): Diagnostic[] {
  const filtering = filteringOf(instance, nic);
  if ((nic.addresses ?? []).length === 0 || isFiltered(filtering)) return [];
  const declared = networkOf(config, nic);
  const where = nic.network ?? nic.bridge;
  if (declared === undefined || (declared.network.subnets ?? []).length === 0) {
    const detail =
      where === undefined
        ? "User-mode networking gives the guest its address. Remove addresses, or connect the interface to an entry of networks."
        : declared === undefined
          ? `No entry of networks says which subnets ${where} has. Declare one (external: true for a network of libvirt, type: bridge for a bridge of the host) with subnets, or remove addresses.`
          : `Give networks.${declared.name} the subnets that they are in, or remove addresses.`;
    return [wrong(at, "The fixed addresses have no effect", detail)];
  }
  const isTold = hasConfigDrive(config, instance) || (instance.inject !== undefined && instance.image !== undefined);
  const untold = isTold ? undefined : fixedAddresses(config, nic).find(({ reserved }) => !reserved);
  if (untold === undefined) return [];
  const why =
    untold.ip.family === 6
      ? "DHCPv6 does not know guests by their MAC addresses"
      : `the host answers no DHCP in ${formatCidr(untold.subnet.cidr)}`;
  const place = config.host?.virt_type === "lxc" ? "inject" : "a config drive";
  const remedy = `${untold.ip.family === 4 && untold.subnet.address !== null ? "Give the subnet dhcp, or the" : "Give the"} instance ${place}, or remove the address.`;
  return [wrong(at, `Nothing tells the guest its address ${formatIp(untold.ip)}`, `It has no config drive, and ${why}. ${remedy}`)];
}

/** Addresses that are none, in no subnet, in use by the network, or the second one of a subnet. */
function checkPlaces({ config, entry, instance, nic, index, at }: Port): Diagnostic[] {
  const { name, network } = networkOf(config, nic) ?? {};
  const found = fixedAddresses(config, nic);
  return (nic.addresses ?? []).flatMap((text, position) => {
    const place = [...at, position];
    const ip = parseIp(text);
    if (ip === undefined) return notAnAddress(place, text);
    if (network === undefined || (network.subnets ?? []).length === 0) return [];
    const mine = found.find((one) => one.ip.family === ip.family && one.ip.value === ip.value);
    if (mine === undefined) {
      const subnets = (network.subnets ?? []).map(({ cidr }) => cidr).join(", ");
      return [wrong(place, `${text} is in no subnet of network ${name}`, `Its subnets: ${subnets}.`)];
    }
    const first = found.find(({ subnet }) => subnet.index === mine.subnet.index);
    const mac = interfacesOf(instance, {}, config, entry)[index]?.mac;
    return [
      ...(first === undefined || first === mine ? [] : [second(place, text, first)]),
      ...checkFree(place, text, mine),
      ...(mine.subnet.dhcp?.reservations ?? [])
        .filter((one) => formatIp(one.address) === formatIp(ip) || (mine.reserved && one.mac === mac))
        .slice(0, 1)
        .map((one) => reservedAlready(place, text, one.address, nicName(nic, index))),
    ];
  });
}

function second(at: Pointer, text: string, { ip, subnet }: FixedAddress): Diagnostic {
  const detail = `${formatIp(ip)} is in ${formatCidr(subnet.cidr)} as well. An interface has one address in a subnet: add another interface, or remove one of the two.`;
  return wrong(at, `${text} is the second address in its subnet`, detail);
}

function checkFree(at: Pointer, text: string, { ip, subnet }: FixedAddress): Diagnostic[] {
  const { cidr, address, gateway } = subnet;
  if (!isHostAddress(cidr, ip)) return checkInside(cidr, text, at);
  const isIt = (other: Ip | null) => other !== null && other.family === ip.family && other.value === ip.value;
  if ([address, gateway].some(isIt)) return [wrong(at, `${text} is not free`, "It is the address of the host or of the gateway.")];
  const range = leasesOf(subnet).find(({ start, end }) => ip.value >= start.value && ip.value <= end.value);
  if (range === undefined) return [];
  const detail = `DHCPv6 does not know guests by their MAC addresses and may give it to another one: ${formatIp(range.start)}-${formatIp(range.end)}. Choose an address outside of the ranges.`;
  return [wrong(at, `${text} is in a range of DHCP`, detail)];
}

/** Ranges from which another machine may get a fixed address. In IPv4, DHCP leaves out what is reserved. */
function leasesOf({ cidr, dhcp }: Subnet) {
  return cidr.family === 6 ? (dhcp?.ranges ?? []) : [];
}

function reservedAlready(at: Pointer, text: string, address: Ip, nic: string): Diagnostic {
  const detail = `The network has a reservation of ${formatIp(address)} for this address or for interface ${nic}. The fixed address is reserved without it: remove that reservation.`;
  return wrong(at, `${text} is reserved already`, detail);
}

/** One address of two interfaces. Networks of others may have the same subnets and not be connected. */
function checkUnique({ entry, nic, index, at }: Port, usedBy: Map<string, string>): Diagnostic[] {
  const user = `interface ${nicName(nic, index)} of ${entry}`;
  return (nic.addresses ?? []).flatMap((text, position) => {
    const key = `${nic.network ?? nic.bridge ?? user} ${addressText(text)}`;
    const other = usedBy.get(key);
    if (other === undefined) usedBy.set(key, user);
    return other === undefined || other === user
      ? []
      : [wrong([...at, position], `${text} is the address of two interfaces`, `It is that of ${other} as well. Give each its own.`)];
  });
}
