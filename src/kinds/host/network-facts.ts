import type { Context } from "../../model/context.ts";
import { CodedError } from "../../model/errors.ts";
import type { BrokenUplink, NetworkFacts } from "../../model/host-facts.ts";
import type { Cidr } from "../../model/ip.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { libvirtOf, type NetworkRecord } from "../../tools/libvirt/libvirt.ts";
import { ipv4Routes, ipv6Routes } from "../../tools/route-table.ts";
import { find, findAll, parseXml, type XmlElement } from "../../tools/xml.ts";
import { hostSubnet } from "../terms/host-subnet.ts";
import { derivedUuid } from "../terms/identity.ts";
import { overlappingSubnets } from "./overlapping-subnets.ts";

/** IFF_UP of Linux: an administrator switched the interface on. */
const interfaceUp = 1;

/** Looks up the networks and bridges that the configuration needs; null when it needs none. */
export async function lookUpNetworks(context: Context): Promise<NetworkFacts | null> {
  const { networks } = context.settings;
  if (networks === null) return null;
  const { names, bridges, devices, families, filtered, subnets, made } = networks;
  const { files } = context.host;
  const both = [...bridges, ...devices];
  // Subnets and names of bridges are compared with those of all networks.
  const chosen = subnets.length + made.length > 0 ? () => true : (name: string) => names.includes(name);
  const [records, found, flags, routes] = await Promise.all([
    names.length + subnets.length + made.length === 0 ? [] : knownNetworks(context, chosen),
    files.statMany([...both.map(interfacePath), ...bridges.map((name) => `${interfacePath(name)}/bridge`), ...made.map(interfacePath)]),
    files.readMany(both.map((name) => ({ path: `${interfacePath(name)}/flags`, length: 64 }))),
    subnets.length === 0 ? [] : files.readMany(routeTables.map((path) => ({ path, length: longestTable }))),
  ]);
  const broken = await brokenUplinks(
    context,
    (records ?? []).filter(({ name, active }) => active && names.includes(name)),
  );
  const exists = (name: string) => found[both.indexOf(name)] !== undefined;
  const isBridge = (name: string) => found[both.length + bridges.indexOf(name)] !== undefined;
  const taken = made.flatMap((name, index): [string, string | null][] => {
    const other = (records ?? []).find(({ isOwn, bridge }) => isOwn !== true && bridge === name);
    if (other !== undefined) return [[name, other.name]];
    // That of a network of this project exists while it is active.
    const isOurs = (records ?? []).some(({ isOwn, bridge }) => isOwn === true && bridge === name);
    return isOurs || found[both.length + bridges.length + index] === undefined ? [] : [[name, null]];
  });
  const down = both.filter((_, index) => isDown(flags[index]));
  const missingDevices = devices.filter((name) => !exists(name));
  const unfilterable = (records ?? []).flatMap(({ name, filterable }) => (filtered.includes(name) && filterable === false ? [name] : []));
  const [v4 = "", v6 = ""] = routes.map((table) => table?.toString("latin1"));
  const others = (records ?? [])
    .filter(({ isOwn }) => isOwn !== true)
    .map(({ bridge = null, subnets: used = [], ...one }) => ({ ...one, bridge, subnets: used }));
  const overlapping = overlappingSubnets(subnets, others, [...ipv4Routes(v4), ...ipv6Routes(v6)]);
  const unreadable = (records ?? []).flatMap((one) => (one.unreadable === true ? [one.name] : []));
  return withoutUndefined({
    active: records === null ? null : Object.fromEntries(records.map(({ name, active }) => [name, active])),
    missingBridges: bridges.filter((name) => !exists(name)),
    notBridges: bridges.filter((name) => exists(name) && !isBridge(name)),
    missingDevices: missingDevices.length === 0 ? undefined : missingDevices,
    down: down.length === 0 ? undefined : [...new Set(down)],
    families:
      families.length === 0 || records === null
        ? undefined
        : Object.fromEntries(records.flatMap(({ name, families: known }) => (families.includes(name) ? [[name, known ?? null]] : []))),
    unfilterable: unfilterable.length === 0 ? undefined : unfilterable,
    overlapping: overlapping.length === 0 ? undefined : overlapping,
    takenBridges: taken.length === 0 ? undefined : Object.fromEntries(taken),
    broken: broken.length === 0 ? undefined : Object.fromEntries(broken),
    unreadable: unreadable.length === 0 ? undefined : unreadable,
  });
}

/** The routes of IPv4 and IPv6, which include those of the host's addresses. */
const routeTables = ["/proc/net/route", "/proc/net/ipv6_route"] as const;
/** Bytes of a table; a host with more routes is a router of the internet, and has no room for further subnets in them. */
const longestTable = 4 * 2 ** 20;

interface KnownNetwork {
  readonly name: string;
  readonly active: boolean;
  readonly families?: readonly (4 | 6)[] | null;
  readonly filterable?: boolean;
  /** It is one of this project's. */
  readonly isOwn?: boolean;
  readonly bridge?: string | null;
  /** The bridge or the network card of the host that guests are connected to; null where libvirt makes the bridge. */
  readonly uplink?: string | null;
  /** Open vSwitch forwards between its ports also while the device of the bridge is off, as it is by default. */
  readonly switched?: boolean;
  /** The subnets in which the host has an address. */
  readonly subnets?: readonly Cidr[];
  readonly unreadable?: true;
}

/** All networks, and more of the chosen ones. */
async function knownNetworks(context: Context, chosen: (name: string) => boolean): Promise<readonly KnownNetwork[] | null> {
  const libvirt = libvirtOf(context);
  try {
    const [all, records] = await Promise.all([libvirt.networks(), libvirt.networkRecords(({ name }) => chosen(name))]);
    const described = new Map(records.map((record) => [record.name, describe(record, context.project)]));
    return [...all].map(([name, active]) => described.get(name) ?? { name, active });
  } catch (error) {
    // Where the daemons are split, that of networks may be missing; guests on bridges do not need it.
    if (!(error instanceof CodedError)) throw error;
    return null;
  }
}

/** Active networks whose bridge or network card is missing or switched off: libvirt starts them all the same, and no guest in them. */
async function brokenUplinks(
  { host: { files } }: Context,
  records: readonly KnownNetwork[],
): Promise<(readonly [name: string, uplink: BrokenUplink])[]> {
  const used = records.flatMap(({ name, uplink = null, switched = false }) =>
    uplink === null || uplink.includes("/") ? [] : [{ name, device: uplink, switched }],
  );
  if (used.length === 0) return [];
  const [found, flags] = await Promise.all([
    files.statMany(used.map(({ device }) => interfacePath(device))),
    files.readMany(used.map(({ device }) => ({ path: `${interfacePath(device)}/flags`, length: 64 }))),
  ]);
  return used.flatMap(({ name, device, switched }, index): (readonly [string, BrokenUplink])[] => {
    if (found[index] === undefined) return [[name, { device, state: "missing" }]];
    return !switched && isDown(flags[index]) ? [[name, { device, state: "down" }]] : [];
  });
}

/** The bridge or the first network card of a network that is one of the host's; null of others. */
function uplinkOf(root: XmlElement): string | null {
  const forward = find(root, "forward");
  if (!["bridge", "private", "vepa", "passthrough"].includes(forward?.attributes["mode"] ?? "")) return null;
  return find(root, "bridge")?.attributes["name"] ?? find(forward, "interface")?.attributes["dev"] ?? forward?.attributes["dev"] ?? null;
}

/** A definition that is not XML costs what is known of this network alone. */
function describe({ name, uuid, active, xml }: NetworkRecord, project: string): KnownNetwork {
  const known = { name, active: active !== null, isOwn: uuid === derivedUuid("network", project, name) };
  try {
    const root = parseXml(active ?? xml);
    const bridge = find(root, "bridge")?.attributes["name"] ?? null;
    return {
      ...known,
      families: familiesOf(root),
      filterable: isFilterable(root),
      bridge,
      uplink: uplinkOf(root),
      switched: find(root, "virtualport")?.attributes["type"] === "openvswitch",
      subnets: findAll(root, "ip").flatMap((ip) => hostSubnet(ip) ?? []),
    };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { ...known, families: null, unreadable: true };
  }
}

/** The families of the host's addresses in a network; null for one of a bridge or a card, whose addresses libvirt does not know. */
function familiesOf(root: XmlElement): readonly (4 | 6)[] | null {
  const mode = find(root, "forward")?.attributes["mode"];
  if (mode !== undefined && !["nat", "route", "open"].includes(mode)) return null;
  return [...new Set(findAll(root, "ip").map(({ attributes }): 4 | 6 => (attributes["family"] === "ipv6" ? 6 : 4)))];
}

/** libvirt's network filters are rules of Linux bridges: they see nothing in Open vSwitch, macvtap and devices of the host. */
function isFilterable(root: XmlElement): boolean {
  const mode = find(root, "forward")?.attributes["mode"] ?? "nat";
  if (["nat", "route", "open"].includes(mode)) return true;
  const isSwitched = [root, ...findAll(root, "portgroup")].some((one) => find(one, "virtualport") !== undefined);
  return mode === "bridge" && find(root, "bridge") !== undefined && !isSwitched;
}

/** The flags of an interface are a hexadecimal number: `0x1003`. */
function isDown(flags: Buffer | undefined): boolean {
  const text = flags?.toString("latin1").trim() ?? "";
  return /^0x[0-9a-f]{1,8}$/.test(text) && (Number(text) & interfaceUp) === 0;
}

/** Names of interfaces are at most 15 characters without a slash (checked with the configuration). */
function interfacePath(name: string): string {
  return `/sys/class/net/${name}`;
}
