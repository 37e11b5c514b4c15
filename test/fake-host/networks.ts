import { isDeepStrictEqual } from "node:util";
import { type Cidr, overlaps, parseCidr } from "../../src/model/ip.ts";
import type { FileTree } from "./file-tree.ts";
import { child, childrenOf, copyXml, printXml, readXml, type Xml, xml } from "./xml.ts";

/** One network of libvirt's. */
export interface Network {
  readonly uuid: string;
  readonly name: string;
  /** The definition; undefined while only what runs is left of it. */
  stored: Xml | undefined;
  live: Xml | undefined;
  autostart: boolean;
  /** Tests made it without a definition: it has no devices on the host. */
  readonly plain: boolean;
}

/** libvirt's networks. Refusals are Errors in libvirt's words. */
export interface Networks {
  all(): Network[];
  /** Whether the network of this name is active; undefined without one. */
  get(name: string): boolean | undefined;
  /** Starts or stops a network; without one, it is made as others would make it. */
  set(name: string, active: boolean): void;
  delete(name: string): void;
  find(uuid: string): Network | undefined;
  named(name: string): Network | undefined;
  define(document: string): Network;
  undefine(network: Network): void;
  start(network: Network): void;
  stop(network: Network): void;
  setAutostart(network: Network, autostart: boolean): void;
  /** libvirt's numbers: 2 deletes, 3 adds. */
  update(
    network: Network,
    change: { readonly command: number; readonly section: number; readonly parentIndex: number; readonly xml: string },
  ): void;
  document(network: Network, inactive: boolean): string;
  /** A guest starts: the device on the host becomes a port of the bridge. */
  plug(name: string, tap: string): void;
  unplug(tap: string): void;
  /** The host starts again: those with autostart are active. Those without a definition of their own stay as they are. */
  reboot(): void;
  clone(files: FileTree): Networks;
}

const sections: Readonly<Record<number, readonly [parent: string, element: string, words: string, keys: readonly string[]]>> = {
  4: ["dhcp", "host", "dhcp host entry", ["ip"]],
  5: ["dhcp", "range", "dhcp range entry", ["start", "end"]],
  10: ["dns", "host", "DNS HOST record", ["ip"]],
  11: ["dns", "txt", "DNS TXT record", ["name"]],
  12: ["dns", "srv", "DNS SRV record", ["service", "protocol", "domain", "target", "port"]],
};

const place = (device: string) => `/sys/class/net/${device}`;

/** Networks as libvirt 9.0 keeps them. */
export function createNetworks(files: FileTree, from: readonly Network[] = []): Networks {
  const networks = new Map(from.map((one) => [one.name, { ...one, stored: copied(one.stored), live: copied(one.live) }]));
  const invalid = (words: string) => new Error(`Requested operation is not valid: ${words}`);
  const bridgeOf = (root: Xml | undefined) => child(root, "bridge")?.attributes["name"];
  const makesBridge = ({ plain }: Network, root: Xml | undefined) => !plain && child(root, "forward")?.attributes["mode"] !== "bridge";

  // A power cut may have taken it.
  const removeIfThere = (path: string) => {
    if (files.find(path) !== undefined) files.removeTree(path);
  };
  const made: Networks = {
    all: () => [...networks.values()],
    get: (name) => {
      const found = networks.get(name);
      return found === undefined ? undefined : found.live !== undefined;
    },
    set(name, active) {
      const found = networks.get(name);
      if (found?.plain === false) {
        if (active !== (found.live !== undefined)) (active ? made.start : made.stop)(found);
        return;
      }
      const stored =
        found?.stored ??
        xml("network", {}, [
          xml("name", {}, name),
          xml("uuid", {}, uuidOf(networks.size)),
          xml("bridge", { name: `virbr${networks.size}` }),
        ]);
      networks.set(name, {
        uuid: child(stored, "uuid")?.text ?? "",
        name,
        stored,
        live: active ? (found?.live ?? copyXml(stored)) : undefined,
        autostart: found?.autostart ?? false,
        plain: found?.plain ?? true,
      });
    },
    delete: (name) => void networks.delete(name),
    find: (uuid) => [...networks.values()].find((one) => one.uuid === uuid),
    named: (name) => networks.get(name),
    define(document) {
      const root = readXml(document);
      if (root.name !== "network") throw new Error(`XML error: expecting root element of 'network', not '${root.name}'`);
      const name = child(root, "name")?.text.trim();
      if (name === undefined || name === "") throw new Error("missing name information");
      const uuid = child(root, "uuid")?.text.trim() ?? uuidOf(networks.size);
      const mode = child(root, "forward")?.attributes["mode"];
      if (["nat", "route", "open"].includes(mode ?? "") && child(root, "ip") === undefined)
        throw new Error(`XML error: ${mode} forwarding requested, but no IP address provided for network '${name}'`);
      const had = networks.get(name);
      if (had !== undefined && had.uuid !== uuid)
        throw new Error(`operation failed: network '${name}' already exists with uuid ${had.uuid}`);
      const bridge = bridgeOf(root);
      const others = [...networks.values()].filter((one) => one.name !== name && makesBridge(one, one.stored ?? one.live));
      if (mode !== "bridge" && bridge !== undefined && others.some((one) => bridgeOf(one.stored ?? one.live) === bridge))
        throw new Error(`internal error: bridge name '${bridge}' already in use.`);
      const network: Network = { uuid, name, stored: root, live: had?.live, autostart: had?.autostart ?? false, plain: false };
      networks.set(name, network);
      return network;
    },
    undefine(network) {
      if (network.live === undefined) networks.delete(network.name);
      else Object.assign(network, { stored: undefined, autostart: false });
    },
    start(network) {
      if (network.live !== undefined) throw invalid("network is already active");
      if (network.stored === undefined) return;
      const bridge = bridgeOf(network.stored);
      for (const other of networks.values()) {
        const own = subnetsOf(network.stored);
        if (subnetsOf(other.live).some((one) => own.some((two) => overlaps(one, two))))
          throw new Error(`internal error: Network is already in use by interface ${bridgeOf(other.live)}`);
      }
      if (makesBridge(network, network.stored) && bridge !== undefined) {
        files.makeDirectories(`${place(bridge)}/bridge`);
        files.makeDirectories(`${place(bridge)}/brif`);
      }
      network.live = copyXml(network.stored);
    },
    stop(network) {
      if (network.live === undefined) throw invalid(`network '${network.name}' is not active`);
      const bridge = bridgeOf(network.live);
      if (makesBridge(network, network.live) && bridge !== undefined) removeIfThere(place(bridge));
      network.live = undefined;
      if (network.stored === undefined) networks.delete(network.name);
    },
    setAutostart(network, autostart) {
      if (network.stored === undefined) throw invalid("cannot set autostart for transient network");
      network.autostart = autostart;
    },
    update(network, { command, section, parentIndex, xml: document }) {
      const { live, name } = network;
      if (live === undefined) throw invalid("network is not running");
      const [parentName, element, words, keys] = sections[section] ?? [];
      if (parentName === undefined || element === undefined || keys === undefined) throw invalid("can't update this part of a network");
      const given = readXml(document);
      const ips = childrenOf(live, "ip");
      const holder = parentName === "dns" ? live : ips[Math.max(parentIndex, 0)];
      if (holder === undefined) throw invalid(`couldn't update ${words} in network '${name}'`);
      const parent = child(holder, parentName) ?? xml(parentName);
      const matches = (one: Xml) =>
        one.name === element &&
        isDeepStrictEqual(
          keys.map((key) => one.attributes[key]),
          keys.map((key) => given.attributes[key]),
        );
      const found = parent.children.find(matches);
      // What is deleted is looked for by its names as well.
      const hostnames = (one: Xml) => childrenOf(one, "hostname").map(({ text }) => text);
      const named = parent.children.filter((one) => hostnames(one).some((name) => hostnames(given).includes(name)));
      if (command === 2 && section === 10 && new Set([...named, found]).size > 1)
        throw invalid(`multiple matching DNS HOST records were found in network ${name}`);
      if (command === 3 && found !== undefined) throw invalid(`there is an existing ${words} in network '${name}' that matches`);
      if (command === 2 && found === undefined) throw invalid(`couldn't locate a matching ${words} in network '${name}'`);
      if (found === undefined) parent.children.push(given);
      else parent.children.splice(parent.children.indexOf(found), 1);
      const rest = holder.children.filter((one) => one !== parent);
      holder.children.splice(0, Infinity, ...rest, ...(parent.children.length === 0 ? [] : [parent]));
    },
    document: ({ stored, live }, inactive) => printXml((inactive ? stored : live) ?? stored ?? live ?? readXml("<network/>")),
    plug(name, tap) {
      const network = networks.get(name);
      const bridge = bridgeOf(network?.live);
      if (network !== undefined && !network.plain && bridge !== undefined) files.makeDirectories(`${place(bridge)}/brif/${tap}`);
    },
    unplug(tap) {
      for (const { live } of networks.values()) {
        removeIfThere(`${place(bridgeOf(live) ?? "")}/brif/${tap}`);
      }
    },
    reboot() {
      for (const network of [...networks.values()].filter(({ plain }) => !plain)) {
        if (network.live !== undefined) made.stop(network);
        if (network.autostart) made.start(network);
      }
    },
    clone: (tree) => createNetworks(tree, [...networks.values()]),
  };
  return made;
}

function subnetsOf(root: Xml | undefined): Cidr[] {
  return childrenOf(root, "ip").flatMap(({ attributes: { address, prefix } }) => parseCidr(`${address}/${prefix}`) ?? []);
}

function copied(root: Xml | undefined): Xml | undefined {
  return root === undefined ? undefined : copyXml(root);
}

function uuidOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}
