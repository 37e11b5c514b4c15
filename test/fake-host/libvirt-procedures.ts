import type { Procedure, procedures } from "../../src/tools/libvirt/rpc/procedures.ts";
import type { WireDomain } from "../../src/tools/libvirt/rpc/types.ts";
import { abortJob, backupXml, beginBackup, freeze, jobStats } from "./backups.ts";
import { containerCapabilities, isContainer } from "./containers.ts";
import { capabilities, domainCapabilities, libVersion, node } from "./libvirt-node.ts";
import type { Domain, Libvirtd } from "./libvirtd.ts";
import type { Life } from "./life.ts";
import type { NetworkFilter, NetworkFilters } from "./network-filters.ts";
import type { Network } from "./networks.ts";
import type { Secret } from "./secrets.ts";
import { tapsOf } from "./stored-domain.ts";
import { child, childrenOf, printXml } from "./xml.ts";

/** One client as its daemon sees it. */
export interface Client {
  readonly libvirtd: Libvirtd;
  readonly life: Life;
  readonly readOnly: boolean;
  /** polkit refuses the login. */
  readonly unauthorized: boolean;
  /** The driver that it opened: each has domains of its own. */
  driver: "qemu" | "lxc";
  /** Numbers of the registrations for lifecycle events. */
  readonly registrations: Set<number>;
}

/** A reference to a network, as messages carry it. */
type WireNetwork = Pick<Network, "name" | "uuid">;

type Procedures = typeof procedures;
type ArgsOf<P> = P extends Procedure<infer A, unknown> ? A : never;
type ResultOf<P> = P extends Procedure<never, infer R> ? R : P extends Procedure<infer _A, infer R> ? R : never;

/** What each procedure does. A change happens as one effect of the process that asked for it; refusals are Errors in libvirt's words. */
export const handlers: { readonly [K in keyof Procedures]: (client: Client, args: ArgsOf<Procedures[K]>) => ResultOf<Procedures[K]> } = {
  authList: ({ unauthorized }) => ({ types: [unauthorized ? 2 : 0] }),
  authPolkit: ({ unauthorized }) => {
    if (unauthorized)
      throw new Error("authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'");
    return { complete: 1 };
  },
  open: (client, { name }) => {
    if (!/^(?:(?:qemu|secret|network|nwfilter):\/\/\/(?:system|session)|lxc:\/\/\/system)$/.test(name ?? "")) {
      throw new Error(`invalid argument: no connection driver available for ${name}`);
    }
    client.driver = name?.startsWith("lxc:") === true ? "lxc" : "qemu";
    return undefined;
  },
  close: () => undefined,
  libVersion: () => ({ version: libVersion }),
  hostname: () => ({ hostname: "fakehost" }),
  capabilities: ({ libvirtd, driver }) => ({ xml: driver === "lxc" ? containerCapabilities : capabilities(libvirtd.kvm) }),
  domainCapabilities: ({ libvirtd }, { machine, virtType }) => {
    const xml = domainCapabilities(machine ?? "pc", virtType === "kvm", libvirtd.installed);
    if (xml === undefined)
      throw new Error(`invalid argument: the machine '${machine}' is not supported by emulator '/usr/bin/qemu-system-x86_64'`);
    return { xml };
  },
  nodeInfo: () => node,

  listDomains: (client, { flags }) => {
    const chosen = client.libvirtd
      .all()
      .filter(
        (domain) =>
          isOf(client, domain) &&
          ((flags & 8) === 0 || domain.stored === undefined) &&
          ((flags & 256) === 0 || domain.saved !== undefined) &&
          ((flags & 1024) === 0 || domain.autostart) &&
          ((flags & (1 << 12)) === 0 || domain.snapshots.length > 0) &&
          ((flags & (1 << 14)) === 0 || domain.checkpoints.length > 0),
      );
    return { domains: chosen.map(wire), count: chosen.length };
  },
  domainStats: ({ libvirtd }) => ({
    stats: libvirtd
      .all()
      .filter((domain) => !isContainer(domain))
      .map((domain) => ({
        domain: wire(domain),
        values: [
          { field: "state.state", value: { type: 1, value: domain.state } },
          { field: "state.reason", value: { type: 1, value: reasonOf(domain) } },
        ],
      })),
  }),
  domainXml: (client, { domain, flags }) => ({ xml: client.libvirtd.document(found(client, domain), (flags & 2) !== 0) }),
  domainState: (client, { domain }) => {
    const one = found(client, domain);
    return { state: one.state, reason: reasonOf(one) };
  },
  isPersistent: (client, { domain }) => ({ persistent: found(client, domain).stored === undefined ? 0 : 1 }),
  getAutostart: (client, { domain }) => ({ autostart: found(client, domain).autostart ? 1 : 0 }),
  hasManagedSave: (client, { domain }) => ({ saved: found(client, domain).saved === undefined ? 0 : 1 }),
  managedSaveXml: (client, { domain }) => {
    const { saved } = found(client, domain);
    if (saved === undefined) throw new Error("Requested operation is not valid: domain does not have managed save image");
    return { xml: printXml(saved.live) };
  },
  blockInfo: (client, { domain, path }) => {
    const { capacity, allocation } = client.libvirtd.blockInfo(found(client, domain), path);
    return { capacity, allocation, physical: allocation };
  },

  blockJobInfo: (client, { domain, path }) => {
    const job = found(client, domain).jobs?.[path] ?? 0;
    return { found: job === 0 ? 0 : 1, type: job, bandwidth: 0, done: 0, end: job === 0 ? 0 : 1 };
  },
  jobStats: (client, { domain, flags }) => jobStats(found(client, domain), flags),
  backupXml: (client, { domain }) => ({ xml: backupXml(found(client, domain)) }),
  listSnapshots: (client, { domain }) => {
    const one = found(client, domain);
    return { snapshots: one.snapshots.map((name) => ({ name, domain: wire(one) })), count: one.snapshots.length };
  },
  listCheckpoints: (client, { domain }) => {
    const one = found(client, domain);
    return { checkpoints: one.checkpoints.map((name) => ({ name, domain: wire(one) })), count: one.checkpoints.length };
  },
  interfaceAddresses: (client, { domain, source }) => {
    const { live } = found(client, domain);
    if (live === undefined) throw new Error("Requested operation is not valid: domain is not running");
    if (source === agentSource) {
      const { agentAddresses } = client.libvirtd;
      const told = childrenOf(child(live, "devices"), "interface").flatMap((card) => child(card, "mac")?.attributes["address"] ?? []);
      if (told.every((mac) => !agentAddresses.has(mac)))
        throw new Error("Guest agent is not responding: QEMU guest agent is not connected");
      return {
        interfaces: told.map((mac, index) => {
          const addresses = (agentAddresses.get(mac) ?? []).map((address) => ({
            type: address.includes(":") ? 1 : 0,
            address,
            prefix: 24,
          }));
          return { name: `eth${index}`, mac, addresses };
        }),
      };
    }
    const cards = childrenOf(child(live, "devices"), "interface").filter(({ attributes }) => attributes["type"] === "network");
    return {
      interfaces: cards.flatMap((card, index) => {
        const mac = child(card, "mac")?.attributes["address"] ?? "";
        const address = client.libvirtd.leases.get(mac);
        return address === undefined ? [] : [{ name: `vnet${index}`, mac, addresses: [{ type: 0, address, prefix: 24 }] }];
      }),
    };
  },
  agentCommand: (client, { domain, command }) => {
    const { live, uuid } = found(client, domain);
    if (live === undefined) throw new Error("Requested operation is not valid: domain is not running");
    const files = client.libvirtd.agentFiles.get(uuid);
    if (files === undefined) throw new Error("Guest agent is not responding: QEMU guest agent is not connected");
    return { answer: JSON.stringify({ return: agentAnswer(files, JSON.parse(command)) }) };
  },

  defineXml: (client, { xml }) =>
    client.life.effect(`define ${/<name>([^<]*)/.exec(xml)?.[1] ?? "?"}`, () => ({ domain: wire(client.libvirtd.define(xml)) })),
  undefine: (client, { domain, flags }) =>
    change(client, "undefine", domain, (one) =>
      client.libvirtd.undefine(one, { managedSave: (flags & 1) !== 0, snapshots: (flags & 2) !== 0, checkpoints: (flags & 16) !== 0 }),
    ),
  rename: (client, { domain, name }) => {
    change(client, "rename", domain, (one) => client.libvirtd.rename(one, name ?? ""));
    return { result: 0 };
  },
  create: (client, { domain, flags }) => {
    change(client, "start", domain, (one) => client.libvirtd.start(one, (flags & 1) !== 0));
    return { domain };
  },
  resume: (client, { domain }) => change(client, "resume", domain, client.libvirtd.resume),
  shutdown: (client, { domain }) => change(client, "shutdown", domain, client.libvirtd.shutdown),
  shutdownBy: (client, { domain }) => change(client, "signal", domain, client.libvirtd.shutdown),
  destroy: (client, { domain }) => change(client, "destroy", domain, client.libvirtd.destroy),
  setAutostart: (client, { domain, autostart }) =>
    change(client, "autostart", domain, (one) => {
      one.autostart = autostart !== 0;
    }),
  removeManagedSave: (client, { domain }) =>
    change(client, "discard the memory of", domain, (one) => {
      one.saved = undefined;
    }),
  blockResize: (client, { domain, disk, size }) =>
    change(client, "resize a disk of", domain, (one) => client.libvirtd.blockResize(one, disk, size)),

  beginBackup: (client, { domain, xml }) =>
    change(client, "begin a backup of", domain, (one) => beginBackup(one, xml, client.libvirtd.files)),
  abortJob: (client, { domain }) => change(client, "end the job of", domain, abortJob),
  freeze: (client, { domain }) => {
    const one = found(client, domain);
    return client.life.effect(`freeze ${one.name}`, () => freeze(one, true));
  },
  thaw: (client, { domain }) => {
    const one = found(client, domain);
    return client.life.effect(`thaw ${one.name}`, () => freeze(one, false));
  },

  setMemory: (client, { domain, memoryKiB }) =>
    change(client, "set the memory of", domain, (one) => client.libvirtd.guests.setMemory(one, memoryKiB)),
  setVcpus: (client, { domain, count }) => change(client, "set the vCPUs of", domain, (one) => client.libvirtd.guests.setVcpus(one, count)),
  attachDevice: (client, { domain, xml }) =>
    change(client, "attach a device to", domain, (one) => replugged(client, one, () => client.libvirtd.guests.attach(one, xml))),
  updateDevice: (client, { domain, xml }) =>
    change(client, "change a device of", domain, (one) => replugged(client, one, () => client.libvirtd.guests.update(one, xml))),
  detachDevice: (client, { domain, xml }) =>
    change(client, "detach a device of", domain, (one) => replugged(client, one, () => client.libvirtd.guests.detach(one, xml))),
  setBlockIoTune: (client, { domain, disk, values }) =>
    change(client, "limit a disk of", domain, (one) => client.libvirtd.guests.limit(one, disk, values)),
  setScheduler: (client, { domain, values }) =>
    change(client, "set the share of", domain, (one) => client.libvirtd.guests.schedule(one, values)),
  setMetadata: (client, { domain, metadata, key, uri, flags }) =>
    change(client, (flags & 2) === 0 ? "label the running" : "label", domain, (one) =>
      client.libvirtd.guests.setMetadata(one, { metadata: metadata ?? "", key: key ?? "", uri: uri ?? "" }, flags),
    ),

  watchDomains: ({ registrations }) => {
    const callback = registrations.size + 1;
    registrations.add(callback);
    return { callback };
  },

  listNetworks: ({ libvirtd }, { flags }) => {
    const chosen = libvirtd.networks
      .all()
      .filter(
        (network) =>
          ((flags & 2) === 0 || network.live !== undefined) &&
          ((flags & 4) === 0 || network.stored !== undefined) &&
          ((flags & 16) === 0 || network.autostart),
      );
    return { networks: chosen.map(wireNetwork), count: chosen.length };
  },
  networkXml: (client, { network, flags }) => ({
    xml: client.libvirtd.networks.document(foundNetwork(client, network), (flags & 1) !== 0),
  }),
  hasFeature: (_client, { feature }) => ({ supported: feature <= 16 ? 1 : 0 }),
  defineNetwork: ({ life, libvirtd }, { xml }) => ({
    network: life.effect(`define network ${/<name>([^<]*)/.exec(xml)?.[1] ?? "?"}`, () => wireNetwork(libvirtd.networks.define(xml))),
  }),
  undefineNetwork: (client, { network }) => changeNetwork(client, "undefine", network, client.libvirtd.networks.undefine),
  startNetwork: (client, { network }) => changeNetwork(client, "start", network, client.libvirtd.networks.start),
  stopNetwork: (client, { network }) => changeNetwork(client, "stop", network, client.libvirtd.networks.stop),
  setNetworkAutostart: (client, { network, autostart }) =>
    changeNetwork(client, "autostart", network, (one) => client.libvirtd.networks.setAutostart(one, autostart !== 0)),
  updateNetwork: (client, { network, ...change }) =>
    changeNetwork(client, "update", network, (one) => client.libvirtd.networks.update(one, change)),

  listSecrets: ({ libvirtd }) => {
    const secrets = libvirtd.secrets.all().map(wireSecret);
    return { secrets, count: secrets.length };
  },
  findSecret: (client, { uuid }) => ({ secret: wireSecret(foundSecret(client, uuid)) }),
  secretXml: (client, { secret }) => ({ xml: foundSecret(client, secret.uuid).document }),
  defineSecret: ({ life, libvirtd }, { xml }) => {
    const uuid = /<uuid>([^<]*)/.exec(xml)?.[1] ?? "?";
    life.effect(`define secret ${uuid}`, () => libvirtd.secrets.define(xml));
    const secret = libvirtd.secrets.find(uuid);
    if (secret === undefined) throw new Error(`Secret not found: no secret with matching uuid '${uuid}'`);
    return { secret: wireSecret(secret) };
  },
  setSecretValue: (client, { secret, value }) => {
    const one = foundSecret(client, secret.uuid);
    client.life.effect(`set the value of secret ${secret.uuid}`, () => {
      one.value = Buffer.from(value).toString("utf8");
    });
    return undefined;
  },
  undefineSecret: (client, { secret }) => {
    foundSecret(client, secret.uuid);
    client.life.effect(`undefine secret ${secret.uuid}`, () => client.libvirtd.secrets.undefine(secret.uuid));
    return undefined;
  },

  filterNames: (client) => ({
    names: filtersOf(client)
      .all()
      .map(({ name }) => name),
  }),
  findFilter: (client, { name }) => ({ filter: foundFilter(client, name) }),
  filterXml: (client, { filter }) => ({ xml: foundFilter(client, filter.name).document }),
  defineFilter: (client, { xml }) => {
    const filters = filtersOf(client);
    const name = /<filter name='([^']*)/.exec(xml)?.[1] ?? "?";
    client.life.effect(`define filter ${name}`, () => filters.define(xml));
    return { filter: foundFilter(client, name) };
  },
  undefineFilter: (client, { filter }) => {
    const { name } = foundFilter(client, filter.name);
    client.life.effect(`undefine filter ${name}`, () => filtersOf(client).undefine(name));
    return undefined;
  },
  listFilterBindings: (client) => {
    const bindings = [...filtersOf(client).bindings()].map(([port, filter]) => ({ port, filter }));
    return { bindings, count: bindings.length };
  },
  createFilterBinding: (client, { xml }) => {
    const port = /<portdev name=["']([^"']*)/.exec(xml)?.[1] ?? "";
    client.life.effect(`bind a filter to ${port}`, () => filtersOf(client).bind(xml));
    return { binding: { port, filter: filtersOf(client).bindings().get(port) ?? "" } };
  },
  deleteFilterBinding: (client, { binding: { port } }) => {
    client.life.effect(`unbind the filter of ${port}`, () => filtersOf(client).unbind(port));
    return undefined;
  },
};

/** A guest agent that reads files: the handle of one is its place in the list. */
function agentAnswer(
  files: ReadonlyMap<string, string>,
  { execute, arguments: { path = "", handle = -1 } }: { execute: string; arguments: { path?: string; handle?: number } },
): unknown {
  const open = [...files.keys()].indexOf(path);
  switch (execute) {
    case "guest-file-open":
      if (open < 0) throw new Error(`internal error: unable to execute QEMU agent command '${execute}': failed to open file '${path}'`);
      return open;
    case "guest-file-read": {
      const content = Buffer.from([...files.values()][handle] ?? "");
      return { count: content.length, "buf-b64": content.toString("base64"), eof: true };
    }
    case "guest-file-close":
      return {};
    default:
      throw new Error(`internal error: unable to execute QEMU agent command '${execute}': The command ${execute} has not been found`);
  }
}

/** VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT. */
const agentSource = 1;

function change(client: Client, what: string, wanted: WireDomain, work: (domain: Domain) => unknown): undefined {
  const domain = found(client, wanted);
  client.life.effect(`${what} ${domain.name}`, () => work(domain));
  return undefined;
}

/** A change of a running guest, and of what its devices on the host are ports of. */
function replugged({ libvirtd: { networks } }: Client, domain: Domain, work: () => void): void {
  const before = tapsOf(domain.live);
  work();
  const after = tapsOf(domain.live);
  for (const [tap, network] of before) if (after.get(tap) !== network) networks.unplug(tap);
  for (const [tap, network] of after) if (before.get(tap) !== network) networks.plug(network, tap);
}

function isOf({ driver }: Client, domain: Domain): boolean {
  return isContainer(domain) === (driver === "lxc");
}

function found(client: Client, { uuid }: WireDomain): Domain {
  const domain = client.libvirtd.all().find((one) => one.uuid === uuid && isOf(client, one));
  if (domain === undefined) throw new Error(`Domain not found: no domain with matching uuid '${uuid}'`);
  return domain;
}

function changeNetwork(client: Client, what: string, wanted: WireNetwork, work: (network: Network) => unknown): undefined {
  const network = foundNetwork(client, wanted);
  client.life.effect(`${what} network ${network.name}`, () => work(network));
  return undefined;
}

function foundNetwork({ libvirtd }: Client, { uuid, name }: WireNetwork): Network {
  const network = libvirtd.networks.find(uuid);
  if (network === undefined) throw new Error(`Network not found: no network with matching uuid '${uuid}' (${name})`);
  return network;
}

function wireNetwork({ name, uuid }: Network): WireNetwork {
  return { name, uuid };
}

function foundSecret({ libvirtd }: Client, uuid: string): Secret {
  const secret = libvirtd.secrets.find(uuid);
  if (secret === undefined) throw new Error(`Secret not found: no secret with matching uuid '${uuid}'`);
  return secret;
}

function filtersOf({ libvirtd }: Client): NetworkFilters {
  if (libvirtd.filters.driver) return libvirtd.filters;
  throw new Error("this function is not supported by the connection driver: virConnectListAllNWFilters");
}

function foundFilter(client: Client, name: string): NetworkFilter {
  const filter = filtersOf(client).find(name);
  if (filter === undefined) throw new Error(`Network filter not found: no nwfilter with matching name '${name}'`);
  return filter;
}

function wire({ name, uuid, live, id }: Domain): WireDomain {
  return { name, uuid, id: live === undefined ? -1 : id };
}

function wireSecret({ uuid, usage }: Secret) {
  return { uuid, usageType: 1, usageId: usage };
}

/** Booted, paused by the user, by an I/O error or for its start, saved, or off without a reason. */
function reasonOf({ state, saved, full, starting }: Domain): number {
  if (state === 3 && starting === true) return 11;
  if (state === 3 && full === true) return 5;
  if (state === 5) return saved === undefined ? 0 : 5;
  return state === 6 ? 0 : 1;
}
