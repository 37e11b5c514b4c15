import type { Host } from "../../model/host.ts";
import { createDoor, type DoorOptions } from "./door.ts";
import type { Connection } from "./rpc/connection.ts";
import { createPool, type LookLimits, type Pool } from "./rpc/pool.ts";
import type { Driver, Procedure } from "./rpc/procedures.ts";

/** Calls to the libvirt of one host, whichever daemon answers them. */
export interface Caller {
  /** `subject` names what the call is about, for messages and traces: a domain's name or uuid. */
  call<A, R>(procedure: Procedure<A, R>, args: A, subject?: string): Promise<R>;
  /** Logs in to the daemon of the hypervisor before the first call; on a host elsewhere as often as this many changes at a time take. */
  warm(changes?: number): void;
  /** A connection of its own, for events. */
  open(): Promise<Connection>;
  /** Whether only the read-only socket lets this user in; known after the first call. */
  readonly readOnly: boolean;
  /** As many looks as keep libvirt busy: those that are under way, and as many that take their places. */
  readonly looksAtOnce: number;
  close(): Promise<void>;
}

/**
 * Two connections reach the limit of a server on the same machine. To another machine all looks go out together: each answer that is
 * waited for before the next question costs a round trip, and so does each step of another login. libvirtd notes once per connection
 * that more wait than it works on.
 */
const looksHere: LookLimits = { connections: 2, window: 4 };
const looksThere: LookLimits = { connections: 1, window: 1024 };

/** A caller over connections that are opened when they are needed. */
export function createCaller(options: DoorOptions & { readonly host: Pick<Host, "onTrace" | "libvirtUri"> }): Caller {
  const { host } = options;
  const door = createDoor(options);
  const pools = new Map<Driver, Pool>();
  const looks = host.libvirtUri === undefined ? looksHere : looksThere;

  /** One pool for all where one daemon answers for all. */
  async function poolOf(driver: Driver): Promise<Pool> {
    const hypervisor = existing("hypervisor");
    if (driver === "hypervisor") return hypervisor;
    // The login has to begin with what waits for the hypervisor, not with the search for the socket.
    if (host.libvirtUri !== undefined) hypervisor.warm();
    return (await door.isSplit()) ? existing(driver) : hypervisor;
  }

  function existing(driver: Driver): Pool {
    const pool = pools.get(driver) ?? createPool((ahead) => door.open(driver, ahead), looks);
    pools.set(driver, pool);
    return pool;
  }

  return {
    async call(procedure, args, subject = "") {
      const { onTrace } = host;
      const pool = procedure.driver === "hypervisor" ? existing("hypervisor") : await poolOf(procedure.driver);
      if (onTrace === undefined) return pool.call(procedure, args, subject);
      // A clock takes time to load.
      const started = performance.now();
      const tell = (end: string) =>
        onTrace(`libvirt ${procedure.name}${subject === "" ? "" : ` ${subject}`}: ${end}`, performance.now() - started);
      try {
        const result = await pool.call(procedure, args, subject);
        tell("ok");
        return result;
      } catch (error) {
        tell(error instanceof Error ? error.message : "failed");
        throw error;
      }
    },
    warm: (changes = 0) => existing("hypervisor").warm(host.libvirtUri === undefined ? 0 : changes),
    open: () => door.open("hypervisor"),
    get readOnly() {
      return door.readOnly;
    },
    looksAtOnce: 2 * looks.connections * looks.window,
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
      door.close();
    },
  };
}
