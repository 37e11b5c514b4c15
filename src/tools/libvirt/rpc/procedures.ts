import { type Codec, fixedString, hyper, int, list, nothing, opaque, optional, string, struct, uint, uuid } from "./codec.ts";
import { qemuProgram, remoteProgram } from "./frames.ts";
import { domain, domainInterface, domainStats, filter, filterBinding, network, parameter, secret, snapshot } from "./types.ts";

/** The daemon that answers a procedure where libvirt's daemons are split. */
export type Driver = "hypervisor" | "secret" | "network" | "nwfilter";

/** One procedure of libvirt's remote protocol, as virtform uses it. */
export interface Procedure<A, R> {
  /** The part of the protocol that it belongs to, and its number there. */
  readonly program: number;
  readonly number: number;
  /** As libvirt names it, for messages and traces. */
  readonly name: string;
  readonly args: Codec<A>;
  readonly result: Codec<R>;
  readonly driver: Driver;
  /** Refused on a read-only connection. */
  readonly changes: boolean;
  /** How long the answer may take. */
  readonly deadlineMs: number;
}

/** Most domains, networks or secrets in one answer (REMOTE_DOMAIN_LIST_MAX and the like). */
export const maxListed = 16_384;
/** Most snapshots or checkpoints of one domain in one answer (REMOTE_DOMAIN_SNAPSHOT_LIST_MAX, REMOTE_DOMAIN_CHECKPOINT_LIST_MAX). */
const maxSnapshots = 16_384;
/** The longest value of a secret (REMOTE_SECRET_VALUE_MAX). */
export const maxSecretValue = 65_536;

/** The first look after an upgrade makes libvirt ask every emulator for its capabilities. */
const lookMs = 120_000;
/** What the daemon answers by itself, without its drivers: it is silent only while it starts, or because it hangs. */
const promptMs = 30_000;
/** A start waits for qemu, its networks and its disks. */
const changeMs = 180_000;

const one = struct({ domain });
const flagged = struct({ domain, flags: uint });
const device = struct({ domain, xml: string, flags: uint });
/** At most as many as libvirt takes (REMOTE_DOMAIN_SCHEDULER_PARAMETERS_MAX; it takes 16 for REMOTE_DOMAIN_BLOCK_IO_TUNE_PARAMETERS_MAX too). */
const parameters = list(parameter, 16);
/** None stands for all (REMOTE_DOMAIN_FSFREEZE_MOUNTPOINTS_MAX). */
const mountPoints = struct({ domain, mountPoints: list(string, 256), flags: uint });
const listing = struct({ needResults: int, flags: uint });
const oneNetwork = struct({ network });

function look<A, R>(number: number, name: string, args: Codec<A>, result: Codec<R>, driver: Driver = "hypervisor"): Procedure<A, R> {
  return { program: remoteProgram, number, name, args, result, driver, changes: false, deadlineMs: lookMs };
}

function change<A, R>(number: number, name: string, args: Codec<A>, result: Codec<R>, driver: Driver = "hypervisor"): Procedure<A, R> {
  return { program: remoteProgram, number, name, args, result, driver, changes: true, deadlineMs: changeMs };
}

/** libvirt gives up after the time that the call names. */
const agentMs = 30_000;

/** Every procedure in use. Numbers and layouts are part of libvirt's stable protocol: procedures are only ever added. */
export const procedures = {
  authList: { ...look(66, "AUTH_LIST", nothing, struct({ types: list(int, 20) })), deadlineMs: promptMs },
  authPolkit: look(70, "AUTH_POLKIT", nothing, struct({ complete: int })),
  open: look(1, "CONNECT_OPEN", struct({ name: optional(string), flags: uint }), nothing),
  close: look(2, "CONNECT_CLOSE", nothing, nothing),

  libVersion: { ...look(157, "CONNECT_GET_LIB_VERSION", nothing, struct({ version: hyper })), deadlineMs: promptMs },
  hostname: look(59, "CONNECT_GET_HOSTNAME", nothing, struct({ hostname: string })),
  capabilities: look(7, "CONNECT_GET_CAPABILITIES", nothing, struct({ xml: string })),
  domainCapabilities: look(
    342,
    "CONNECT_GET_DOMAIN_CAPABILITIES",
    struct({ emulator: optional(string), arch: optional(string), machine: optional(string), virtType: optional(string), flags: uint }),
    struct({ xml: string }),
  ),
  nodeInfo: look(
    6,
    "NODE_GET_INFO",
    nothing,
    struct({ model: fixedString(32), memoryKiB: hyper, cpus: int, mhz: int, nodes: int, sockets: int, cores: int, threads: int }),
  ),

  listDomains: look(273, "CONNECT_LIST_ALL_DOMAINS", listing, struct({ domains: list(domain, maxListed), count: uint })),
  domainStats: look(
    344,
    "CONNECT_GET_ALL_DOMAIN_STATS",
    struct({ domains: list(domain, maxListed), groups: uint, flags: uint }),
    struct({ stats: list(domainStats, maxListed) }),
  ),
  domainXml: look(14, "DOMAIN_GET_XML_DESC", flagged, struct({ xml: string })),
  domainState: look(212, "DOMAIN_GET_STATE", flagged, struct({ state: int, reason: int })),
  isPersistent: look(151, "DOMAIN_IS_PERSISTENT", one, struct({ persistent: int })),
  getAutostart: look(15, "DOMAIN_GET_AUTOSTART", one, struct({ autostart: int })),
  hasManagedSave: look(183, "DOMAIN_HAS_MANAGED_SAVE_IMAGE", flagged, struct({ saved: int })),
  managedSaveXml: look(388, "DOMAIN_MANAGED_SAVE_GET_XML_DESC", flagged, struct({ xml: string })),
  blockInfo: look(
    194,
    "DOMAIN_GET_BLOCK_INFO",
    struct({ domain, path: string, flags: uint }),
    struct({ allocation: hyper, capacity: hyper, physical: hyper }),
  ),

  blockJobInfo: look(
    238,
    "DOMAIN_GET_BLOCK_JOB_INFO",
    struct({ domain, path: string, flags: uint }),
    struct({ found: int, type: int, bandwidth: hyper, done: hyper, end: hyper }),
  ),
  /** The job of a domain as a whole: a backup, a migration, saving. Of one that has ended only with flag 1, which forgets it. */
  jobStats: look(298, "DOMAIN_GET_JOB_STATS", flagged, struct({ type: int, values: list(parameter, 64) })),
  backupXml: look(422, "DOMAIN_BACKUP_GET_XML_DESC", flagged, struct({ xml: string })),
  listSnapshots: look(
    274,
    "DOMAIN_LIST_ALL_SNAPSHOTS",
    struct({ domain, needResults: int, flags: uint }),
    struct({ snapshots: list(snapshot, maxSnapshots), count: int }),
  ),
  listCheckpoints: look(
    413,
    "DOMAIN_LIST_ALL_CHECKPOINTS",
    struct({ domain, needResults: int, flags: uint }),
    struct({ checkpoints: list(snapshot, maxSnapshots), count: int }),
  ),
  interfaceAddresses: look(
    353,
    "DOMAIN_INTERFACE_ADDRESSES",
    struct({ domain, source: uint, flags: uint }),
    struct({ interfaces: list(domainInterface, 2048) }),
  ),

  agentCommand: {
    ...change(
      3,
      "DOMAIN_AGENT_COMMAND",
      struct({ domain, command: string, seconds: int, flags: uint }),
      struct({ answer: optional(string) }),
    ),
    program: qemuProgram,
    deadlineMs: agentMs,
  },

  defineXml: change(350, "DOMAIN_DEFINE_XML_FLAGS", struct({ xml: string, flags: uint }), one),
  undefine: change(231, "DOMAIN_UNDEFINE_FLAGS", flagged, nothing),
  rename: change(358, "DOMAIN_RENAME", struct({ domain, name: optional(string), flags: uint }), struct({ result: int })),
  create: change(196, "DOMAIN_CREATE_WITH_FLAGS", flagged, one),
  resume: change(28, "DOMAIN_RESUME", one, nothing),
  shutdown: change(33, "DOMAIN_SHUTDOWN", one, nothing),
  shutdownBy: change(258, "DOMAIN_SHUTDOWN_FLAGS", flagged, nothing),
  destroy: change(12, "DOMAIN_DESTROY", one, nothing),
  setAutostart: change(29, "DOMAIN_SET_AUTOSTART", struct({ domain, autostart: int }), nothing),
  removeManagedSave: change(184, "DOMAIN_MANAGED_SAVE_REMOVE", flagged, nothing),
  blockResize: change(251, "DOMAIN_BLOCK_RESIZE", struct({ domain, disk: string, size: hyper, flags: uint }), nothing),

  beginBackup: change(421, "DOMAIN_BACKUP_BEGIN", struct({ domain, xml: string, checkpoint: optional(string), flags: uint }), nothing),
  abortJob: change(164, "DOMAIN_ABORT_JOB", one, nothing),
  freeze: change(335, "DOMAIN_FSFREEZE", mountPoints, struct({ count: int })),
  thaw: change(336, "DOMAIN_FSTHAW", mountPoints, struct({ count: int })),

  setMemory: change(204, "DOMAIN_SET_MEMORY_FLAGS", struct({ domain, memoryKiB: hyper, flags: uint }), nothing),
  setVcpus: change(199, "DOMAIN_SET_VCPUS_FLAGS", struct({ domain, count: uint, flags: uint }), nothing),
  attachDevice: change(160, "DOMAIN_ATTACH_DEVICE_FLAGS", device, nothing),
  updateDevice: change(174, "DOMAIN_UPDATE_DEVICE_FLAGS", device, nothing),
  detachDevice: change(161, "DOMAIN_DETACH_DEVICE_FLAGS", device, nothing),
  setBlockIoTune: change(252, "DOMAIN_SET_BLOCK_IO_TUNE", struct({ domain, disk: string, values: parameters, flags: uint }), nothing),
  setScheduler: change(219, "DOMAIN_SET_SCHEDULER_PARAMETERS_FLAGS", struct({ domain, values: parameters, flags: uint }), nothing),
  setMetadata: change(
    264,
    "DOMAIN_SET_METADATA",
    struct({ domain, type: int, metadata: optional(string), key: optional(string), uri: optional(string), flags: uint }),
    nothing,
  ),

  watchDomains: look(
    316,
    "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY",
    struct({ event: int, domain: optional(domain) }),
    struct({ callback: int }),
  ),

  listNetworks: look(283, "CONNECT_LIST_ALL_NETWORKS", listing, struct({ networks: list(network, maxListed), count: uint }), "network"),

  networkXml: look(43, "NETWORK_GET_XML_DESC", struct({ network, flags: uint }), struct({ xml: string }), "network"),
  hasFeature: look(60, "CONNECT_SUPPORTS_FEATURE", struct({ feature: int }), struct({ supported: int }), "network"),
  defineNetwork: change(41, "NETWORK_DEFINE_XML", struct({ xml: string }), oneNetwork, "network"),
  undefineNetwork: change(49, "NETWORK_UNDEFINE", oneNetwork, nothing, "network"),
  startNetwork: change(39, "NETWORK_CREATE", oneNetwork, nothing, "network"),
  stopNetwork: change(42, "NETWORK_DESTROY", oneNetwork, nothing, "network"),
  setNetworkAutostart: change(48, "NETWORK_SET_AUTOSTART", struct({ network, autostart: int }), nothing, "network"),
  updateNetwork: change(
    291,
    "NETWORK_UPDATE",
    struct({ network, command: uint, section: uint, parentIndex: int, xml: string, flags: uint }),
    nothing,
    "network",
  ),

  listSecrets: look(287, "CONNECT_LIST_ALL_SECRETS", listing, struct({ secrets: list(secret, maxListed), count: uint }), "secret"),
  findSecret: look(141, "SECRET_LOOKUP_BY_UUID", struct({ uuid }), struct({ secret }), "secret"),
  secretXml: look(143, "SECRET_GET_XML_DESC", struct({ secret, flags: uint }), struct({ xml: string }), "secret"),
  defineSecret: change(142, "SECRET_DEFINE_XML", struct({ xml: string, flags: uint }), struct({ secret }), "secret"),
  setSecretValue: change(144, "SECRET_SET_VALUE", struct({ secret, value: opaque(maxSecretValue), flags: uint }), nothing, "secret"),
  undefineSecret: change(146, "SECRET_UNDEFINE", struct({ secret }), nothing, "secret"),

  // CONNECT_LIST_ALL_NWFILTERS locks all filters at once: beside the start of a guest whose filter refers to others, libvirtd deadlocks.
  filterNames: look(179, "CONNECT_LIST_NWFILTERS", struct({ most: int }), struct({ names: list(string, maxListed) }), "nwfilter"),
  findFilter: look(175, "NWFILTER_LOOKUP_BY_NAME", struct({ name: string }), struct({ filter }), "nwfilter"),
  filterXml: look(177, "NWFILTER_GET_XML_DESC", struct({ filter, flags: uint }), struct({ xml: string }), "nwfilter"),
  defineFilter: change(180, "NWFILTER_DEFINE_XML", struct({ xml: string }), struct({ filter }), "nwfilter"),
  undefineFilter: change(181, "NWFILTER_UNDEFINE", struct({ filter }), nothing, "nwfilter"),
  listFilterBindings: look(
    401,
    "CONNECT_LIST_ALL_NWFILTER_BINDINGS",
    listing,
    struct({ bindings: list(filterBinding, maxListed), count: uint }),
    "nwfilter",
  ),
  createFilterBinding: change(
    399,
    "NWFILTER_BINDING_CREATE_XML",
    struct({ xml: string, flags: uint }),
    struct({ binding: filterBinding }),
    "nwfilter",
  ),
  deleteFilterBinding: change(400, "NWFILTER_BINDING_DELETE", struct({ binding: filterBinding }), nothing, "nwfilter"),
} as const;

/** What the daemon sends unasked: a domain was defined, started, stopped and so on. */
export const lifecycleEvent = {
  number: 318,
  name: "DOMAIN_EVENT_CALLBACK_LIFECYCLE",
  message: struct({ callback: int, domain, event: int, detail: int }),
} as const;
