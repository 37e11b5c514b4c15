import { UnreachableError } from "../../../model/errors.ts";
import type { Connection } from "./connection.ts";
import type { Procedure } from "./procedures.ts";

/** Connections to one daemon, opened when they are needed. */
export interface Pool {
  call<A, R>(procedure: Procedure<A, R>, args: A, subject: string): Promise<R>;
  close(): Promise<void>;
}

/** Calls under way on one connection: libvirtd warns from five on (max_client_requests). */
const window = 4;
/** Connections at most: with four calls each, three times as many as libvirtd has workers (max_workers 20). */
const connectionsAtMost = 16;

interface Waiting {
  readonly changes: boolean;
  readonly start: (connection: Connection) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * A pool over `open`. Looks share `lookers` connections; changes, which may take seconds, get further ones, so that as many run at
 * a time as are asked for.
 */
export function createPool(open: () => Promise<Connection>, lookers: number): Pool {
  let connections: Connection[] = [];
  const busy = new WeakMap<Connection, number>();
  const waiting: Waiting[] = [];
  let opening = 0;
  let changes = 0;
  let closed = false;

  function advance(): void {
    connections = connections.filter((connection) => connection.alive);
    while (waiting.length > 0) {
      const free = leastBusy();
      if (free === undefined) break;
      waiting.shift()?.start(free);
    }
    const wanted = Math.min(Math.ceil(waiting.length / window), limit() - connections.length) - opening;
    for (let more = 0; more < wanted; more += 1) grow();
  }

  function limit(): number {
    const slow = changes + waiting.filter((one) => one.changes).length;
    return Math.min(connectionsAtMost, lookers + Math.ceil(slow / window));
  }

  function leastBusy(): Connection | undefined {
    let best: Connection | undefined;
    for (const connection of connections) {
      const load = busy.get(connection) ?? 0;
      if (load < window && (best === undefined || load < (busy.get(best) ?? 0))) best = connection;
    }
    return best;
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
        for (const { fail } of waiting.splice(0)) fail(error);
      },
    );
  }

  function take<T>(changing: boolean, work: (connection: Connection) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const start = (connection: Connection) => {
        busy.set(connection, (busy.get(connection) ?? 0) + 1);
        if (changing) changes += 1;
        work(connection)
          .finally(() => {
            busy.set(connection, (busy.get(connection) ?? 1) - 1);
            if (changing) changes -= 1;
            advance();
          })
          .then(resolve, reject);
      };
      if (closed) return reject(new UnreachableError("The connection to libvirt is closed."));
      waiting.push({ changes: changing, start, fail: reject });
      advance();
    });
  }

  return {
    call: (procedure, args, subject) => take(procedure.changes, (connection) => connection.call(procedure, args, subject)),
    async close() {
      closed = true;
      await Promise.all(connections.splice(0).map((connection) => connection.close()));
    },
  };
}
