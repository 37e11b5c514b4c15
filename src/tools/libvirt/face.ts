import type { Owner } from "../../model/host.ts";
import type { GuestFacts } from "../../model/host-facts.ts";
import type { NetworkFace } from "./network-face.ts";

/**
 * Nova DOM-10: libvirt's domain states, folded to what decisions need. `saved`: off, with its memory kept (managed save), which
 * the next start restores.
 */
export type DomainPower = "running" | "paused" | "stopped" | "saved" | "crashed" | "suspended";

/** Why a domain is in its state, by libvirt's names of reasons in lower case; `unknown` for a reason that libvirt does not give. */
export type StateReason =
  | "unknown"
  // running
  | "booted"
  | "migrated"
  | "restored"
  | "from-snapshot"
  | "unpaused"
  | "migration-canceled"
  | "save-canceled"
  | "wakeup"
  | "crashed"
  | "postcopy"
  | "postcopy-failed"
  // paused
  | "user"
  | "migration"
  | "save"
  | "dump"
  | "io-error"
  | "watchdog"
  | "shutting-down"
  | "snapshot"
  | "starting-up"
  // stopped
  | "shutdown"
  | "destroyed"
  | "saved"
  | "failed"
  | "daemon"
  // crashed
  | "panicked";

/** One domain as libvirt reports it. */
export interface DomainRecord {
  readonly uuid: string;
  readonly name: string;
  readonly power: DomainPower;
  /** Why it is in this state: who paused it, how it was switched off. */
  readonly reason: StateReason;
  readonly persistent: boolean;
  /** libvirt starts it when the host boots. */
  readonly autostart: boolean;
  /** The inactive definition, which the next start uses. Of a transient domain: the active one. */
  readonly xml: string;
  /** Names of the snapshots that libvirt records. Absent: none, or not looked up, which only `domains` does. */
  readonly snapshots?: readonly string[];
  /** Names of the checkpoints that libvirt records. Absent: none, or not looked up, which only `domains` does. */
  readonly checkpoints?: readonly string[];
  /** The active definition of a domain that runs (also paused, suspended or crashed with its process kept); null of one that is off. */
  readonly active: string | null;
}

/** Whether a domain runs, and why not. */
export type DomainStanding = Pick<DomainRecord, "power" | "reason">;

/** One secret as libvirt reports it, which never includes its value. */
export interface SecretRecord {
  readonly uuid: string;
  /** Of a secret for a volume: the name of that volume. */
  readonly usage: string;
  /** Whether its value has been set, according to the mark in its description. */
  readonly ready: boolean;
}

/** One filter of network traffic as libvirt holds it. */
export interface FilterRecord {
  readonly name: string;
  readonly uuid: string;
  /** Its document. */
  readonly xml: string;
}

/** A device of the host, such as a tap, with the filter that is on it. */
export interface FilterBinding {
  readonly port: string;
  readonly filter: string;
}

/** A backup job of a running guest. Bytes are those of its disks. */
export interface BackupProgress {
  readonly state: "running" | "completed" | "failed";
  readonly done: number;
  readonly total: number;
}

/** What libvirt reports about the machine. Memory in bytes. */
export interface NodeFacts {
  readonly hostname: string;
  readonly arch: string;
  readonly kvm: boolean;
  readonly cpus: number;
  readonly memory: number;
  readonly libvirtVersion: string;
  /** Machine types and their aliases that guests of the host's architecture can have. */
  readonly machines: readonly string[];
  /** Numbers of huge pages by their size: `2MiB`. Absent where libvirt does not tell. */
  readonly hugePages?: Readonly<Record<string, number>>;
}

/** Follows one domain. */
export interface DomainWatch extends Disposable {
  /**
   * Resolves with true when the domain may have changed since the watch was made or since the last `next`, and with false when
   * `withinMs` are over. Look at the domain after every true. Rejects with the signal's reason.
   */
  next(withinMs: number, signal: AbortSignal): Promise<boolean>;
}

/**
 * What virtform asks of libvirt. Throws UnreachableError when libvirt cannot be reached, which never means "gone"; an error with
 * libvirt's words, and the remedy where one is known, when libvirt refuses.
 */
export interface Libvirt extends NetworkFace {
  /**
   * Logs in before the first call, at the same time as other work: on a host elsewhere that takes round trips, and so do the further connections that
   * `changes` at a time take. A failure is that of the first call.
   */
  warm(changes?: number): void;
  node(): Promise<NodeFacts>;
  /** The user and group that guests run as, and that libvirt gives their files to; null where libvirt does not tell. Never throws. */
  guestOwner(): Promise<Owner | null>;
  /** What a guest of a machine type can have; undefined for one that this libvirt does not know. `virtType`: `kvm` or `qemu`. */
  guestCapabilities(guest: { readonly arch: string; readonly machine: string; readonly virtType: string }): Promise<GuestFacts | undefined>;
  /**
   * All domains with their definitions; `read` gets each as it arrives. One that libvirt refuses to describe goes to `failed`;
   * without it the whole look fails.
   */
  domains<T>(
    read: (domain: DomainRecord) => T,
    failed?: (domain: { readonly uuid: string; readonly name: string }, error: unknown) => void,
  ): Promise<T[]>;
  /** One domain now; undefined when it does not exist. */
  domain(uuid: string): Promise<DomainRecord | undefined>;
  /** Its power alone, with fewer calls; undefined when it does not exist. */
  power(uuid: string): Promise<DomainStanding | undefined>;
  /** Its inactive definition alone, with one call and with its passwords, for writing it back; undefined when it does not exist. */
  definition(uuid: string): Promise<string | undefined>;
  /**
   * The document of what holds its disks: the guest that runs, or its saved memory, which belongs to them as they are. Undefined
   * when it is off or does not exist.
   */
  inUse(uuid: string): Promise<{ readonly xml: string; readonly saved: boolean } | undefined>;
  /** Defines a domain, or redefines the one with the same uuid and name, by its document. */
  define(xml: string): Promise<void>;
  /** Gives a domain that is off another name. */
  rename(uuid: string, name: string): Promise<void>;
  /**
   * Does nothing when it does not exist. Removes managed save, NVRAM and what libvirt records of snapshots and checkpoints too (Nova DEL-03).
   * A guest that runs goes on without a definition until it is powered off.
   */
  undefine(uuid: string): Promise<void>;
  /**
   * Does nothing when it runs or is paused. A saved guest is restored as it was defined then, paused if it was paused. `paused`: its processors do not
   * run until it is resumed.
   */
  start(uuid: string, options?: { readonly paused?: boolean }): Promise<void>;
  /** Resumes a paused guest; does nothing when it runs. */
  resume(uuid: string): Promise<void>;
  /**
   * Asks the guest to power off (ACPI; a container through `/dev/initctl`); does not wait. Does nothing when it is off. `signal`: sends the
   * first process of a container SIGTERM, because libvirt calls it a success when a container has no initctl.
   */
  shutdown(uuid: string, how?: "request" | "signal"): Promise<void>;
  /** Powers it off at once; does nothing when it is off or does not exist. */
  destroy(uuid: string): Promise<void>;
  /** Whether libvirt starts the domain when the host boots; false when it does not exist. */
  autostart(uuid: string): Promise<boolean>;
  setAutostart(uuid: string, autostart: boolean): Promise<void>;
  /** Discards saved memory; does nothing when none exists. */
  discardMemory(uuid: string): Promise<void>;
  /** Reports when a domain may have changed: to wait for a boot or a shutdown. */
  watch(uuid: string): DomainWatch;
  /** Whether libvirt knows a secret of this uuid. Its value is never read. */
  hasSecret(uuid: string): Promise<boolean>;
  /** The active definition, which may differ from the inactive one; undefined when the domain does not run. */
  liveDefinition(uuid: string): Promise<string | undefined>;
  /** The block job of a disk of a running guest that has not ended: `pull`, `copy`, `commit`, `active-commit`, `backup`. Undefined without one. */
  blockJob(uuid: string, target: string): Promise<string | undefined>;
  /**
   * Begins to copy disks of a running guest, as they are at this moment, by the document of the backup. The guest goes on; the copies are complete when
   * `backupProgress` says so.
   */
  beginBackup(uuid: string, xml: string): Promise<void>;
  /** The document of the backup job that runs; undefined when none does, or the domain does not exist. */
  backup(uuid: string): Promise<string | undefined>;
  /** The backup job that runs, or how the last one ended, which libvirt reports once. `failed` also when the guest was powered off. */
  backupProgress(uuid: string): Promise<BackupProgress>;
  /** Ends the backup job; does nothing when none runs. What it has written stays. */
  abortBackup(uuid: string): Promise<void>;
  /** Asks the guest agent to write everything to the disks and to hold further writes until `thaw`. Resolves with the number of file systems. */
  freeze(uuid: string): Promise<number>;
  /** Lets writes go on; does nothing when none are held, or the guest does not run. */
  thaw(uuid: string): Promise<void>;
  /** Bytes of a disk of a running guest, by the guest's name for it. */
  blockSize(uuid: string, target: string): Promise<number>;
  /** Makes a disk of a running guest this large, also smaller. `disk`: its path, or the running guest's name for it. */
  blockResize(uuid: string, disk: string, bytes: number): Promise<void>;
  /** Sets the memory of a running guest below its maximum, by the balloon. The guest follows later, or never. */
  setRunningMemory(uuid: string, bytes: number): Promise<void>;
  /** Sets how many of its processors a running guest has, up to its maximum. */
  setRunningVcpus(uuid: string, count: number): Promise<void>;
  /** Attaches a device to a running guest, by its element. */
  attachDevice(uuid: string, xml: string): Promise<void>;
  /** Changes what a device of a running guest is connected to, by its element. */
  updateDevice(uuid: string, xml: string): Promise<void>;
  /** Asks a running guest to release a device. It may still have the device when this returns. */
  detachDevice(uuid: string, xml: string): Promise<void>;
  /** Limits a disk of a running guest, by libvirt's names of limits; 0 lifts one. */
  setDiskLimits(uuid: string, target: string, limits: Readonly<Record<string, number>>): Promise<void>;
  /** Sets the share of the processors that a running guest gets, by libvirt's names. */
  setScheduler(uuid: string, values: Readonly<Record<string, { readonly value: number; readonly signed: boolean }>>): Promise<void>;
  /** Addresses that libvirt's networks leased to a running domain, by MAC address; none of one that is off, or that libvirt does not tell. */
  leases(uuid: string): Promise<ReadonlyMap<string, readonly string[]>>;
  /** The same from its guest agent: any text, because the guest writes it. */
  agentAddresses(uuid: string): Promise<ReadonlyMap<string, readonly string[]>>;
  /**
   * What the guest agent of a running domain answers to a command, both in JSON of its protocol: any text, because the guest writes it. Undefined where it
   * has no agent, or the agent refuses or does not answer.
   */
  askAgent(uuid: string, command: string): Promise<string | undefined>;
  /**
   * Replaces the element of a namespace in the metadata of a domain, and nothing else: of the guest that runs, of the stored definition, or of
   * both.
   */
  setMetadata(
    uuid: string,
    element: { readonly prefix: string; readonly namespace: string; readonly xml: string },
    of: "running" | "stored" | "both",
  ): Promise<void>;
  /** The secrets for volumes whose usage begins with `prefix`; none where libvirt keeps no secrets. */
  secrets(prefix: string): Promise<SecretRecord[]>;
  /** Defines a secret, or redefines the one with the same uuid and usage, by its document. */
  defineSecret(uuid: string, xml: string): Promise<void>;
  setSecretValue(uuid: string, value: string): Promise<void>;
  /** Does nothing when it does not exist. */
  undefineSecret(uuid: string): Promise<void>;
  /** All filters of network traffic by name, and those whose names begin with `prefix`; undefined where libvirt has no driver for them. */
  filters(prefix: string): Promise<{ readonly names: readonly string[]; readonly own: readonly FilterRecord[] } | undefined>;
  /** One filter now; undefined when it does not exist. */
  filter(name: string): Promise<FilterRecord | undefined>;
  /** Defines a filter, or redefines the one with the same uuid and name, which running guests get at once. */
  defineFilter(name: string, xml: string): Promise<void>;
  /** False where a running guest or another filter uses it; true when it no longer exists. */
  undefineFilter(name: string): Promise<boolean>;
  /** The devices of running guests that are filtered; none where libvirt has no driver for filters. */
  filterBindings(): Promise<readonly FilterBinding[]>;
  /** Puts a filter on a device of a running guest, by the document of the binding. A binding that the device has is replaced. */
  bindFilter(port: string, xml: string): Promise<void>;
  /** Whether only libvirt's read-only socket lets this user in; known after the first call. */
  readonly readOnly: boolean;
}
