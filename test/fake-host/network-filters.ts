import type { Domain } from "./libvirtd.ts";
import { child, childrenOf, readXml, type Xml } from "./xml.ts";

/** One network filter of libvirt's. */
export interface NetworkFilter {
  readonly name: string;
  readonly uuid: string;
  readonly document: string;
}

/** libvirt's network filters, and the devices of guests that they are on. Refusals are Errors with libvirt's own words. */
export interface NetworkFilters {
  /** False: this libvirt has no driver for them. */
  driver: boolean;
  /** How many of the next redefinitions fail because another guest starts or stops meanwhile: libvirt 9.0 keeps the old filter and names no cause. */
  busy: number;
  all(): NetworkFilter[];
  find(name: string): NetworkFilter | undefined;
  define(document: string): NetworkFilter;
  undefine(name: string): void;
  /** The filter of each device, by the name of the device. */
  bindings(): Map<string, string>;
  /** Removes the rules of a device, or puts some on it, as others can do. */
  unbind(port: string): void;
  bind(document: string): void;
  /** Refuses a guest with a filter that libvirt does not have. */
  refuseMissing(root: Xml): void;
  clone(domains: () => readonly Domain[]): NetworkFilters;
}

/** Those that libvirt 9.0 brings along and virtform refers to. */
const shipped = [
  "no-mac-spoofing",
  "no-ip-spoofing",
  "no-ipv6-spoofing",
  "no-arp-mac-spoofing",
  "no-arp-ip-spoofing",
  "no-other-l2-traffic",
];

/** Network filters as libvirt 9.0 keeps them. `domains`: the guests of the machine. */
export function createNetworkFilters(
  domains: () => readonly Domain[],
  from?: {
    readonly driver: boolean;
    readonly busy: number;
    readonly filters: readonly NetworkFilter[];
    readonly unbound: readonly string[];
    readonly bound: ReadonlyMap<string, string>;
  },
): NetworkFilters {
  const usual = shipped.map((name, index): NetworkFilter => {
    const uuid = `5f8da87d-ba8e-4661-912c-${String(index).padStart(12, "0")}`;
    return { name, uuid, document: `<filter name='${name}'><uuid>${uuid}</uuid></filter>` };
  });
  const filters = new Map((from?.filters ?? usual).map((filter) => [filter.name, filter]));
  const unbound = new Set(from?.unbound);
  const bound = new Map(from?.bound);

  /** What a filter refers to, directly and below. */
  const below = (name: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(name)) return seen;
    seen.add(name);
    const filter = filters.get(name);
    for (const one of filter === undefined ? [] : references(filter.document)) below(one, seen);
    return seen;
  };

  const own: NetworkFilters = {
    driver: from?.driver ?? true,
    busy: from?.busy ?? 0,
    all: () => [...filters.values()],
    find: (name) => filters.get(name),
    define(document) {
      let root: Xml;
      try {
        root = readXml(document);
      } catch (error) {
        throw new Error(`(nwfilter_definition):1: ${error instanceof Error ? error.message : ""}`);
      }
      if (root.name !== "filter") throw new Error(`XML error: expecting root element of 'filter', not '${root.name}'`);
      for (const rule of childrenOf(root, "rule"))
        if (!["accept", "drop", "reject", "return", "continue"].includes(rule.attributes["action"] ?? ""))
          throw new Error("unsupported configuration: unknown rule action attribute value");
      const { name = "" } = root.attributes;
      const uuid = child(root, "uuid")?.text.trim() ?? filters.get(name)?.uuid ?? "";
      const same = filters.get(name);
      if (same !== undefined && same.uuid !== uuid)
        throw new Error(`operation failed: filter '${name}' already exists with uuid ${same.uuid}`);
      const other = own.all().find((one) => one.uuid === uuid && one.name !== name);
      if (other !== undefined)
        throw new Error(`operation failed: filter with same UUID but different name ('${other.name}') already exists`);
      if (references(document).some((one) => below(one).has(name))) throw new Error("operation failed: filter would introduce a loop");
      // Only another content of a filter that exists makes libvirt write the rules of all guests.
      if (own.busy > 0 && same !== undefined && same.document !== document) {
        own.busy -= 1;
        throw new Error("An error occurred, but the cause is unknown");
      }
      const filter = { name, uuid, document };
      filters.set(name, filter);
      return filter;
    },
    undefine(name) {
      if ([...own.bindings().values()].some((filter) => below(filter).has(name)))
        throw new Error("Requested operation is not valid: nwfilter is in use");
      filters.delete(name);
    },
    bindings() {
      const found = domains().flatMap(({ live }) => (live === undefined ? [] : filteredPorts(live)));
      return new Map([...found.filter(([port]) => !unbound.has(port)), ...bound]);
    },
    unbind(port) {
      if (!own.bindings().has(port)) throw new Error(`Network filter binding not found: no nwfilter binding for port dev '${port}'`);
      bound.delete(port);
      unbound.add(port);
    },
    bind(document) {
      const root = readXml(document);
      const port = child(root, "portdev")?.attributes["name"];
      const filter = child(root, "filterref")?.attributes["filter"];
      if (port === undefined || filter === undefined) throw new Error("internal error: filter binding has no port dev name");
      if (own.bindings().has(port)) throw new Error(`operation failed: binding '${port}' already exists`);
      unbound.delete(port);
      if (own.bindings().get(port) !== filter) bound.set(port, filter);
    },
    refuseMissing(root) {
      for (const [, filter] of filteredPorts(root))
        for (const name of below(filter)) if (!filters.has(name)) throw new Error(`internal error: referenced filter '${name}' is missing`);
    },
    clone: (of) => createNetworkFilters(of, { driver: own.driver, busy: own.busy, filters: own.all(), unbound: [...unbound], bound }),
  };
  return own;
}

function references(document: string): string[] {
  return childrenOf(readXml(document), "filterref").map(({ attributes }) => attributes["filter"] ?? "");
}

function filteredPorts(root: Xml): (readonly [port: string, filter: string])[] {
  return childrenOf(child(root, "devices"), "interface").flatMap((card) => {
    const filter = child(card, "filterref")?.attributes["filter"];
    return filter === undefined ? [] : [[child(card, "target")?.attributes["dev"] ?? "", filter] as const];
  });
}
