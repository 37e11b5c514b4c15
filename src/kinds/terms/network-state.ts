/** Value of one field of a network. */
export type NetworkValue = string | number | boolean | readonly string[];

/** Fields of a network by path: `bridge`, `subnets.10.0.0.0/24.dhcp.ranges`. */
export type NetworkFields = Readonly<Record<string, NetworkValue>>;

/** A network of ours as found. */
export interface NetworkState {
  readonly uuid: string;
  /** As libvirt has it: the earlier one until a rename is applied. */
  readonly name: string;
  /** Of its stored definition, with `autostart` and `active`. */
  readonly fields: NetworkFields;
  /** Of what it runs with; null when it is not active. */
  readonly running: NetworkFields | null;
  /** What was last applied; null while it is being created, and where the label does not say. */
  readonly applied: NetworkFields | null;
  /** Interfaces of domains that are connected to it, those of other projects too. */
  readonly users: readonly NetworkUser[];
}

/** One interface of a domain in a network. */
export interface NetworkUser {
  readonly uuid: string;
  /** The name of the domain. */
  readonly domain: string;
  readonly running: boolean;
  readonly mac: string;
  /** The device on the host; null where the domain does not run or libvirt does not name it. */
  readonly tap: string | null;
  /** Whether the device is a port of the network's bridge; null where that is not known. */
  readonly plugged: boolean | null;
}
