/** One network as libvirt reports it. */
export interface NetworkRecord {
  readonly uuid: string;
  readonly name: string;
  /** The stored definition, which the next start uses. Of a transient network: the one that it runs with. Empty where libvirt does not give it. */
  readonly xml: string;
  /** What it runs with; null when it is not active, empty where libvirt does not give it. */
  readonly active: string | null;
  readonly autostart: boolean;
}

/** A part of a network that libvirt changes while it is active: reservations and ranges of DHCP, and records of DNS. */
export type NetworkSection = "dhcp-host" | "dhcp-range" | "dns-host" | "dns-txt" | "dns-srv";

/** One change of an active network. */
export interface NetworkUpdate {
  readonly command: "add" | "delete";
  readonly section: NetworkSection;
  /** The position of the address among those of the network, for DHCP; otherwise null. */
  readonly parent: number | null;
  /** The element. */
  readonly xml: string;
}

/** What virtform asks of libvirt about networks. */
export interface NetworkFace {
  /** All networks by name, and whether each is active. */
  networks(): Promise<ReadonlyMap<string, boolean>>;
  /** Networks with their definitions; `chosen` selects them, by default all. Definitions of others are not read. */
  networkRecords(chosen?: (network: Pick<NetworkRecord, "name" | "uuid">) => boolean): Promise<NetworkRecord[]>;
  /** One network now; undefined when it does not exist. */
  network(uuid: string): Promise<NetworkRecord | undefined>;
  /** Defines a network, or redefines the one with the same uuid and name, by its document. An active one goes on as it is. */
  defineNetwork(xml: string): Promise<void>;
  /** Does nothing when it is active. */
  startNetwork(uuid: string): Promise<void>;
  /** Does nothing when it is not active or does not exist. Guests lose their connection to it. */
  stopNetwork(uuid: string): Promise<void>;
  setNetworkAutostart(uuid: string, autostart: boolean): Promise<void>;
  /** Changes what an active network runs with; its definition stays. */
  updateNetwork(uuid: string, update: NetworkUpdate): Promise<void>;
  /** Does nothing when it does not exist. An active one goes on without a definition until it is stopped. */
  undefineNetwork(uuid: string): Promise<void>;
}
