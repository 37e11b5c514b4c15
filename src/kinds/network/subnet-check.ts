import type { Diagnostic } from "../../model/diagnostic.ts";
import {
  addressText,
  type Cidr,
  contains,
  formatCidr,
  formatIp,
  type Ip,
  isHostAddress,
  overlaps,
  parseCidr,
  parseIp,
  subnetOf,
} from "../../model/ip.ts";
import type { Pointer } from "../../model/pointer.ts";
import { networkTraits } from "../config/network-traits.ts";
import { type IpRange, type Subnet, subnetsOf } from "../config/subnets-of.ts";
import type { Config, NetworkConfig, SubnetConfig } from "../config.ts";
import { notAnAddress, repeated, wrong } from "./wrong.ts";

/** libvirt's limit for the addresses of one range. */
const largestRange = 65_535n;
/** RFC 8200: the smallest packet that every IPv6 link must carry. */
const smallestMtuV6 = 1280;

/** Mistakes in the subnets of one network. Pure. */
export function checkSubnets(config: Pick<Config, "networks">, name: string, network: NetworkConfig): Diagnostic[] {
  const written = network.subnets ?? [];
  const subnets = subnetsOf(config, name);
  const at = (index: number): Pointer => ["networks", name, "subnets", index];
  return [
    ...written.flatMap((subnet, index) =>
      checkSubnet(
        network,
        subnet,
        subnets.find((one) => one.index === index),
        at(index),
      ),
    ),
    ...subnets.flatMap((subnet) => {
      const other = subnets.find(({ index, cidr }) => index < subnet.index && overlaps(cidr, subnet.cidr));
      if (other === undefined) return [];
      const summary = `${formatCidr(subnet.cidr)} overlaps ${formatCidr(other.cidr)}`;
      return [wrong([...at(subnet.index), "cidr"], summary, "Subnets of a network must not overlap. Choose another one.")];
    }),
    ...([4, 6] as const).flatMap((family) =>
      subnets
        .filter(({ cidr, dhcp }) => cidr.family === family && dhcp !== null)
        .slice(1)
        .map(({ index }) =>
          wrong(
            [...at(index), "dhcp"],
            `Two IPv${family} subnets have dhcp`,
            "libvirt answers DHCP in one subnet of each family. Remove dhcp here, or make another network.",
          ),
        ),
    ),
    ...(network.mtu !== undefined && network.mtu < smallestMtuV6
      ? subnets
          .filter(({ cidr }) => cidr.family === 6)
          .slice(0, 1)
          .map(() =>
            wrong(
              ["networks", name, "mtu"],
              `IPv6 needs an MTU of ${smallestMtuV6} or more`,
              `mtu is ${network.mtu}, and the network has an IPv6 subnet.`,
            ),
          )
      : []),
  ];
}

function checkSubnet(network: NetworkConfig, written: SubnetConfig, subnet: Subnet | undefined, at: Pointer): Diagnostic[] {
  const given = parseCidr(written.cidr);
  if (given === undefined || subnet === undefined) {
    const detail = "Write the first address and the length of the prefix: 192.168.50.0/24 or fd00:50::/64.";
    return [wrong([...at, "cidr"], `${written.cidr} is not a subnet`, detail)];
  }
  const { cidr } = subnet;
  const { type, hosted } = networkTraits(network);
  const unused = (key: keyof SubnetConfig) =>
    hosted || written[key] === undefined
      ? []
      : [
          wrong(
            [...at, key],
            `${key} has no effect in a network of type ${type}`,
            "The host has no address in it: types nat, routed, open and isolated have one. Remove it.",
          ),
        ];
  return [
    ...(given.value === cidr.value
      ? []
      : [
          wrong(
            [...at, "cidr"],
            `${written.cidr} is an address in a subnet, not a subnet`,
            `The subnet is ${formatCidr(subnetOf(given))}.`,
          ),
        ]),
    ...checkPrefix(subnet, hosted, at),
    ...unused("address"),
    ...unused("dhcp"),
    ...(["address", "gateway"] as const).flatMap((key) => checkInside(cidr, written[key], [...at, key])),
    ...checkDhcp(subnet, written, at),
    ...(written.dns_servers ?? []).flatMap((text, index) => checkFamily(cidr, text, [...at, "dns_servers", index])),
    ...(written.routes ?? []).flatMap(({ to, via }, index) => [
      ...checkTarget(cidr, to, [...at, "routes", index, "to"]),
      ...checkInside(cidr, via, [...at, "routes", index, "via"]),
    ]),
    ...repeated(
      subnet.routes.map(({ to }) => formatCidr(to)),
      (index) => [...at, "routes", index, "to"],
      "Write one route for each subnet.",
    ),
  ];
}

/** Addresses that no machine of a network has (RFC 6890), and what they are for. */
const specialSubnets: readonly (readonly [subnet: string, use: string])[] = [
  ["0.0.0.0/8", "this network"],
  ["127.0.0.0/8", "the loopback"],
  ["224.0.0.0/3", "multicast and reserved"],
  ["::/64", "unspecified, the loopback and IPv4-mapped addresses"],
  ["fe80::/10", "link-local: every interface has such an address anyway"],
  ["ff00::/8", "multicast"],
];

function haveCommon(text: string, cidr: Cidr): boolean {
  const special = parseCidr(text);
  return special !== undefined && overlaps(special, cidr);
}

/** Guests choose addresses in IPv6 subnets of 64 bits only; with DHCP shorter ones cannot be announced. */
function checkPrefix({ cidr, dhcp }: Subnet, hosted: boolean, at: Pointer): Diagnostic[] {
  const { family, prefix } = cidr;
  const pointer = [...at, "cidr"];
  const smallest = family === 4 ? 30 : 126;
  const special = specialSubnets.find(([text]) => haveCommon(text, cidr));
  if (prefix > 0 && special !== undefined)
    return [wrong(pointer, `${formatCidr(cidr)} is not for networks of guests`, `${special[0]} is ${special[1]}. Choose another subnet.`)];
  if (prefix === 0)
    return [wrong(pointer, "A subnet with the prefix /0 is the whole Internet", "Write a longer prefix, such as /24 or /64.")];
  if (prefix > smallest) {
    return [
      wrong(pointer, `A subnet with the prefix /${prefix} has no room for guests`, `The longest IPv${family} prefix is /${smallest}.`),
    ];
  }
  if (!hosted || family === 4) return [];
  if (dhcp === null && prefix !== 64) {
    const detail =
      "Guests choose their own addresses in a subnet without dhcp, which needs the prefix /64. Write one, or give the subnet dhcp.";
    return [wrong(pointer, `An IPv6 subnet without dhcp has the prefix /${prefix}`, detail)];
  }
  return prefix < 64 ? [wrong(pointer, `An IPv6 subnet with dhcp has the prefix /${prefix}`, "The shortest one is /64.")] : [];
}

function checkDhcp({ cidr, address, gateway, dhcp }: Subnet, written: SubnetConfig, at: Pointer): Diagnostic[] {
  if (dhcp === null) return [];
  const { ranges = [], reservations = [] } = written.dhcp ?? {};
  const place = (key: "ranges" | "reservations", index: number, field?: string): Pointer => [
    ...at,
    "dhcp",
    key,
    index,
    ...(field === undefined ? [] : [field]),
  ];
  const own = [address, ...(gateway?.value === address?.value ? [] : [gateway])].flatMap((ip) => (ip === null ? [] : [ip]));
  const unique = (field: "mac" | "name" | "duid") =>
    repeated(
      reservations.map((one) => one[field]),
      (index) => place("reservations", index, field),
      "A machine has one reservation in a subnet.",
    );
  return [
    ...(cidr.family === 6 && ranges.length + reservations.length === 0
      ? [wrong([...at, "dhcp"], "dhcp of an IPv6 subnet has no addresses", "Add ranges or reservations, or remove dhcp.")]
      : []),
    ...ranges.flatMap(({ start, end }, index) => [
      ...checkInside(cidr, start, place("ranges", index, "start")),
      ...checkInside(cidr, end, place("ranges", index, "end")),
      ...checkRange(start, end, own, place("ranges", index)),
    ]),
    ...dhcp.ranges.flatMap((range, index) =>
      dhcp.ranges.slice(0, index).some((other) => range.start.value <= other.end.value && other.start.value <= range.end.value)
        ? [wrong(place("ranges", index), "Two ranges share addresses", "Write ranges that do not overlap.")]
        : [],
    ),
    ...reservations.flatMap((one, index) => [
      ...checkInside(cidr, one.address, place("reservations", index, "address")),
      ...own
        .filter((ip) => formatIp(ip) === addressText(one.address))
        .map((ip) =>
          wrong(place("reservations", index, "address"), `${formatIp(ip)} is not free`, "It is the address of the host or of the gateway."),
        ),
      ...checkMachine(cidr, one, place("reservations", index)),
    ]),
    ...repeated(
      reservations.map((one) => addressText(one.address)),
      (index) => place("reservations", index, "address"),
      "An address is reserved for one machine.",
    ),
    ...unique("mac"),
    ...unique("name"),
    ...unique("duid"),
  ];
}

function checkRange(startText: string, endText: string, own: readonly Ip[], at: Pointer): Diagnostic[] {
  const [start, end] = [parseIp(startText), parseIp(endText)];
  if (start === undefined || end === undefined || start.family !== end.family) return [];
  const range: IpRange = { start, end };
  const size = range.end.value - range.start.value + 1n;
  if (size < 1n) return [wrong(at, `The range ends before it starts`, `Write start: ${formatIp(end)}, end: ${formatIp(start)}.`)];
  if (size > largestRange) return [wrong(at, `The range has ${size} addresses`, `libvirt takes at most ${largestRange} in one range.`)];
  return own
    .filter((ip) => ip.family === start.family && ip.value >= start.value && ip.value <= end.value)
    .slice(0, 1)
    .map((ip) =>
      wrong(at, `The range contains ${formatIp(ip)}`, "It is the address of the host or of the gateway. Leave it out of the range."),
    );
}

/** How DHCP recognises a machine: libvirt's dnsmasq knows IPv6 ones by name or DUID alone. */
function checkMachine(
  { family }: Cidr,
  { mac, name, duid }: { readonly mac?: string; readonly name?: string; readonly duid?: string },
  at: Pointer,
): Diagnostic[] {
  if (family === 4) {
    if (duid !== undefined)
      return [wrong([...at, "duid"], "duid has no effect in an IPv4 subnet", "Remove it, and write the mac of the machine.")];
    return mac === undefined && name === undefined
      ? [wrong(at, "The reservation names no machine", "Write its mac, or the name that it sends.")]
      : [];
  }
  if (mac !== undefined) {
    return [
      wrong(
        [...at, "mac"],
        "mac has no effect in an IPv6 subnet",
        "DHCPv6 does not use MAC addresses: write the name that the machine sends, or its duid.",
      ),
    ];
  }
  return name === undefined && duid === undefined
    ? [wrong(at, "The reservation names no machine", "Write the name that it sends, or its duid.")]
    : [];
}

/** An address that a machine in the subnet cannot have. */
export function checkInside(cidr: Cidr, text: string | undefined, at: Pointer): Diagnostic[] {
  const ip = text === undefined ? undefined : parseIp(text);
  if (text === undefined || ip === undefined) return notAnAddress(at, text);
  if (isHostAddress(cidr, ip)) return [];
  const detail = contains(cidr, ip)
    ? "The first address of a subnet is reserved, and so is the last one of an IPv4 subnet, its broadcast address. Choose another one."
    : `Choose an address between ${formatIp({ family: cidr.family, value: cidr.value + 1n })} and its end.`;
  const summary = contains(cidr, ip)
    ? `${text} cannot be the address of a machine in ${formatCidr(cidr)}`
    : `${text} is outside of ${formatCidr(cidr)}`;
  return [wrong(at, summary, detail)];
}

function checkFamily({ family }: Cidr, text: string, at: Pointer): Diagnostic[] {
  const ip = parseIp(text);
  if (ip === undefined) return notAnAddress(at, text);
  return ip.family === family
    ? []
    : [wrong(at, `${text} is an IPv${ip.family} address`, `The subnet is IPv${family}: list it in a subnet of its family.`)];
}

function checkTarget({ family }: Cidr, text: string, at: Pointer): Diagnostic[] {
  const target = parseCidr(text);
  if (target === undefined) return [wrong(at, `${text} is not a subnet`, "Write an address and the length of the prefix: 10.0.0.0/8.")];
  if (target.family !== family)
    return [
      wrong(at, `${text} is an IPv${target.family} subnet`, `The route is in an IPv${family} subnet. Write it into one of its family.`),
    ];
  if (subnetOf(target).value !== target.value) {
    return [wrong(at, `${text} is an address in a subnet, not a subnet`, `The subnet is ${formatCidr(subnetOf(target))}.`)];
  }
  return target.prefix === 0 ? [wrong(at, "The route is the default route", "Write gateway instead.")] : [];
}
