import type { Context } from "../../model/context.ts";
import { CodedError } from "../../model/errors.ts";
import type { NetworkFacts } from "../../model/host-facts.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { find, findAll, parseXml, type XmlElement } from "../../tools/xml.ts";

/** IFF_UP of Linux: an administrator switched the interface on. */
const interfaceUp = 1;

/** Looks up the networks and bridges that the configuration needs; null when it needs none. */
export async function lookUpNetworks(context: Context): Promise<NetworkFacts | null> {
  const { networks } = context.settings;
  if (networks === null) return null;
  const { names, bridges, devices, families, filtered } = networks;
  const { files } = context.host;
  const both = [...bridges, ...devices];
  const [records, found, flags] = await Promise.all([
    names.length === 0 ? [] : knownNetworks(context, families.length + filtered.length > 0),
    files.statMany([...both.map(interfacePath), ...bridges.map((name) => `${interfacePath(name)}/bridge`)]),
    files.readMany(both.map((name) => ({ path: `${interfacePath(name)}/flags`, length: 64 }))),
  ]);
  const exists = (name: string) => found[both.indexOf(name)] !== undefined;
  const isBridge = (name: string) => found[both.length + bridges.indexOf(name)] !== undefined;
  const down = both.filter((_, index) => isDown(flags[index]));
  const missingDevices = devices.filter((name) => !exists(name));
  const unfilterable = (records ?? []).flatMap(({ name, filterable }) => (filtered.includes(name) && filterable === false ? [name] : []));
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
  });
}

interface KnownNetwork {
  readonly name: string;
  readonly active: boolean;
  readonly families?: readonly (4 | 6)[] | null;
  readonly filterable?: boolean;
}

async function knownNetworks(context: Context, described: boolean): Promise<readonly KnownNetwork[] | null> {
  const libvirt = libvirtOf(context);
  try {
    if (!described) return [...(await libvirt.networks())].map(([name, active]) => ({ name, active }));
    return (await libvirt.networkRecords()).map(({ name, active, xml }) => {
      const root = parseXml(active ?? xml);
      return { name, active: active !== null, families: familiesOf(root), filterable: isFilterable(root) };
    });
  } catch (error) {
    // Where the daemons are split, that of networks may be missing; guests on bridges do not need it.
    if (!(error instanceof CodedError)) throw error;
    return null;
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
