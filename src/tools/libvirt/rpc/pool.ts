import { UnreachableError } from "../../../model/errors.ts";
import type { Connection } from "./connection.ts";
import type { Procedure } from "./procedures.ts";

/** Connections to one daemon, opened when they are needed. */
export interface Pool {
  /** Opens the first connection before it is needed, or those that as many changes at a time take. Calls wait for it; a failure is theirs. */
  warm(changes?: number): void;
  call<A, R>(procedure: Procedure<A, R>, args: A, subject: string): Promise<R>;
  close(): Promise<void>;
}

/** Calls under way on one connection that libvirtd works on at the same time; it warns from five on (max_client_requests). */
const window = 4;
/** Connections at most: with four calls each, three times as many as libvirtd has workers (max_workers 20). */
const connectionsAtMost = 16;

interface Waiting {
  readonly changes: boolean;
  readonly start: (connection: Connection) => void;
  readonly fail: (error: unknown) => void;
}

/** What is under way on a connection. */
interface Load {
  calls: number;
  changes: number;
}

/** How looks share connections. */
export interface LookLimits {
  readonly connections: number;
  /** Looks under way on one connection. More than libvirtd works on wait there, which hides the way to a host elsewhere. */
  readonly window: number;
}

/**
 * A pool over `open`. Looks share a few connections; changes, which may take seconds, get further ones, so that as many run at
 * a time as are asked for.
 */
export function createPool(open: () => Promise<Connection>, looks: LookLimits = { connections: 2, window }): Pool {
  let connections: Connection[] = [];
  const loads = new WeakMap<Connection, Load>();
  const waiting: Waiting[] = [];
  let opening = 0;
  let changes = 0;
  /** Of those that wait. Counted, because a look at a thousand guests waits with a thousand calls. */
  let waitingChanges = 0;
  let closed = false;

  function advance(): void {
    if (connections.some((connection) => !connection.alive)) connections = connections.filter((connection) => connection.alive);
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const free = leastBusy(next.changes);
      if (free === undefined) break;
      waiting.shift();
      if (next.changes) waitingChanges -= 1;
      next.start(free);
    }
    const wanted = Math.min(Math.ceil(waiting.length / window), limit() - connections.length) - opening;
    for (let more = 0; more < wanted; more += 1) grow();
  }

  function limit(): number {
    return Math.min(connectionsAtMost, looks.connections + Math.ceil((changes + waitingChanges) / window));
  }

  function leastBusy(forChange: boolean): Connection | undefined {
    let best: Connection | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const connection of connections) {
      const load = loadOf(connection);
      // Nothing is to wait in libvirtd behind a change.
      const most = forChange || load.changes > 0 ? window : looks.window;
      if (load.calls < most && load.calls < least) [best, least] = [connection, load.calls];
    }
    return best;
  }

  function loadOf(connection: Connection): Load {
    const load = loads.get(connection) ?? { calls: 0, changes: 0 };
    loads.set(connection, load);
    return load;
  }

  function grow(): void {
    opening += 1;
    open().then(
      async (connection) => {
        opening -= 1;
        if (closed) return connection.close();
        connections.push(connection);
        advance();
      },
      (error: unknown) => {
        opening -= 1;
        // Other connections still serve what waits. Without any, it would wait forever.
        if (connections.some(({ alive }) => alive)) return;
        waitingChanges = 0;
        for (const { fail } of waiting.splice(0)) fail(error);
      },
    );
  }

  function take<T>(changing: boolean, work: (connection: Connection) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const start = (connection: Connection) => {
        const load = loadOf(connection);
        const count = (by: 1 | -1) => {
          load.calls += by;
          if (!changing) return;
          load.changes += by;
          changes += by;
        };
        count(1);
        const ended = () => {
          count(-1);
          advance();
        };
        work(connection).then(
          (result) => {
            ended();
            resolve(result);
          },
          (error: unknown) => {
            ended();
            reject(error);
          },
        );
      };
      if (closed) return reject(new UnreachableError("The connection to libvirt is closed."));
      waiting.push({ changes: changing, start, fail: reject });
      if (changing) waitingChanges += 1;
      advance();
    });
  }

  return {
    warm(changes = 0) {
      const wanted = Math.min(connectionsAtMost, Math.max(1, Math.ceil(changes / window)));
      while (!closed && connections.length + opening < wanted) grow();
    },
    call: (procedure, args, subject) => take(procedure.changes, (connection) => connection.call(procedure, args, subject)),
    async close() {
      closed = true;
      await Promise.all(connections.splice(0).map((connection) => connection.close()));
    },
  };
}
