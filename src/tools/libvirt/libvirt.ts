import type { Context } from "../../model/context.ts";
import type { Host } from "../../model/host.ts";
import { createLibvirt } from "./virsh-libvirt.ts";
import { createVirshPool } from "./virsh-pool.ts";

/**
 * Nova DOM-10: what libvirt calls a domain's state, folded to what decisions need. `saved`: off, with its memory kept
 * (`virsh managedsave`), which the next start goes on with.
 */
export type DomainPower = "running" | "paused" | "stopped" | "saved" | "crashed" | "suspended";

/** One domain as libvirt tells of it. */
export interface DomainRecord {
  readonly uuid: string;
  readonly name: string;
  readonly power: DomainPower;
  readonly persistent: boolean;
  /** `dumpxml --inactive`: what the next start will use. */
  readonly xml: string;
}

/** One secret as libvirt tells of it, which is never its value. */
export interface SecretRecord {
  readonly uuid: string;
  /** Of a secret for a volume: what that volume is called. */
  readonly usage: string;
  /** Whether its value has been set, as far as the one who made it said so. */
  readonly ready: boolean;
}

/** What `virsh capabilities` and `nodeinfo` say. Memory in bytes. */
export interface NodeFacts {
  readonly hostname: string;
  readonly arch: string;
  readonly kvm: boolean;
  readonly cpus: number;
  readonly memory: number;
  readonly libvirtVersion: string;
}

/**
 * The narrow face of libvirt. Behind it: `virsh`, one process for a whole conversation, a few of them where several guests
 * start at once. Throws UnreachableError when libvirt cannot be reached, which never means "gone"; a UserError when there
 * is no virsh; a CommandError when libvirt does not answer in time; an Error in libvirt's own words, with what to do where
 * that is known, when it refuses.
 */
export interface Libvirt {
  node(): Promise<NodeFacts>;
  /** All domains with their XML, in one conversation; `read` is given each as it comes. */
  domains<T>(read: (domain: DomainRecord) => T): Promise<T[]>;
  /** One domain now; undefined when there is none. */
  domain(uuid: string): Promise<DomainRecord | undefined>;
  /** Its definition alone, at a third of the price; undefined when there is none. */
  definition(uuid: string): Promise<string | undefined>;
  /**
   * The document of what holds its disks: the guest that runs, or its saved memory, which belongs to them as they are. Undefined
   * when it is off, or there is none.
   */
  inUse(uuid: string): Promise<{ readonly xml: string; readonly saved: boolean } | undefined>;
  /** Defines, or redefines by the same uuid and name, what the file at this path of the host holds. */
  define(path: string): Promise<void>;
  /** Gives a domain that is off another name. */
  rename(uuid: string, name: string): Promise<void>;
  /** Fine when there is none. Takes managed save and NVRAM with it (Nova DEL-03). */
  undefine(uuid: string): Promise<void>;
  /** Fine when it runs already. A saved guest goes on where it was, as it was defined then, paused if it was. */
  start(uuid: string): Promise<void>;
  /** Lets a paused guest go on; fine when it runs already. */
  resume(uuid: string): Promise<void>;
  /** Asks the guest to power off (ACPI); does not wait. Fine when it is off already. */
  shutdown(uuid: string): Promise<void>;
  /** Pulls the plug; fine when it is off already or there is none. */
  destroy(uuid: string): Promise<void>;
  /** Throws saved memory away; fine when there is none. */
  discardMemory(uuid: string): Promise<void>;
  /** Whether libvirt knows a secret of this uuid. Its value is never asked for. */
  hasSecret(uuid: string): Promise<boolean>;
  /** What a domain runs with, where its definition may say something else for its next start; undefined when it does not run. */
  liveDefinition(uuid: string): Promise<string | undefined>;
  /** Bytes of a disk of a running guest, by the guest's name for it. */
  blockSize(uuid: string, target: string): Promise<number>;
  /** Makes a disk of a running guest this large, also smaller. `disk`: its path, or the running guest's name for it. */
  blockResize(uuid: string, disk: string, bytes: number): Promise<void>;
  /** The secrets for volumes whose usage begins so; none where libvirt keeps no secrets. */
  secrets(prefix: string): Promise<SecretRecord[]>;
  /** Fine when there is none. */
  undefineSecret(uuid: string): Promise<void>;
}

/** Starts beyond this many side by side gain nothing on usual hosts and make libvirtd complain. */
const conversations = 4;

const known = new WeakMap<Host, Map<string, Libvirt>>();

/** The libvirt of this context's host and URI; the same one for every call with the same host, closed with the host. */
export function libvirtOf(context: Pick<Context, "host" | "settings">): Libvirt {
  const { host, settings } = context;
  const uri = host.libvirtUri ?? settings.uri;
  const ofHost = known.get(host) ?? new Map<string, Libvirt>();
  known.set(host, ofHost);
  const existing = ofHost.get(uri);
  if (existing !== undefined) return existing;
  const pool = createVirshPool(host, uri, conversations);
  const libvirt = createLibvirt(pool, uri);
  ofHost.set(uri, libvirt);
  host.onClose(async () => {
    ofHost.delete(uri);
    await pool.close();
  });
  return libvirt;
}
