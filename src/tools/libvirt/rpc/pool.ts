import { UnreachableError } from "../../../model/errors.ts";
import type { Ahead, Connection } from "./connection.ts";
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
  readonly call: Ahead;
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
 * a time as are asked for. `open` may send the calls that `ahead` gives behind the login of the first connection: they are the first that are made on it.
 */
export function createPool(
  open: (ahead?: () => readonly Ahead[]) => Promise<Connection>,
  looks: LookLimits = { connections: 2, window },
): Pool {
  let connections: Connection[] = [];
  const loads = new WeakMap<Connection, Load>();
  const waiting: Waiting[] = [];
  let opening = 0;
  let changes = 0;
  /** Of those that wait. Counted, because a look at a thousand guests waits with a thousand calls. */
  let waitingChanges = 0;
  /** As many of the first that wait were sent behind the login of the first connection, and are made on no other. */
  let sent = 0;
  let closed = false;

  function startWaiting(): void {
    if (connections.some((connection) => !connection.alive)) connections = connections.filter((connection) => connection.alive);
    for (let next = waiting[0]; next !== undefined && sent === 0; next = waiting[0]) {
      const free = leastBusy(next.changes);
      if (free === undefined) break;
      waiting.shift();
      if (next.changes) waitingChanges -= 1;
      next.start(free);
    }
  }

  function advance(): void {
    startWaiting();
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

  /** The looks to send behind a login: those that no change precedes. */
  function ahead(): readonly Ahead[] {
    const firstChange = waiting.findIndex(({ changes }) => changes);
    const first = waiting.slice(0, Math.min(looks.window, firstChange === -1 ? waiting.length : firstChange));
    sent = first.length;
    return first.map(({ call }) => call);
  }

  function startSent(connection: Connection): void {
    const first = waiting.splice(0, sent);
    sent = 0;
    for (const { start } of first) start(connection);
  }

  function grow(): void {
    const isFirst = connections.length + opening === 0;
    opening += 1;
    open(isFirst ? ahead : undefined).then(
      async (connection) => {
        opening -= 1;
        // Before anything else is written, the goodbye too.
        if (isFirst) startSent(connection);
        if (closed) return connection.close();
        connections.push(connection);
        advance();
      },
      (error: unknown) => {
        opening -= 1;
        if (isFirst) sent = 0;
        // Other connections still serve what waits, and the first one what was sent. Without any, it would wait forever.
        if (sent > 0 || connections.some(({ alive }) => alive)) return startWaiting();
        waitingChanges = 0;
        for (const { fail } of waiting.splice(0)) fail(error);
      },
    );
  }

  function take<T>(call: Ahead, work: (connection: Connection) => Promise<T>): Promise<T> {
    const changing = call.procedure.changes;
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
      waiting.push({ changes: changing, call, start, fail: reject });
      if (changing) waitingChanges += 1;
      advance();
    });
  }

  return {
    warm(changes = 0) {
      const wanted = Math.min(connectionsAtMost, Math.max(1, Math.ceil(changes / window)));
      while (!closed && connections.length + opening < wanted) grow();
    },
    call: (procedure, args, subject) =>
      take({ procedure: procedure as Ahead["procedure"], args }, (connection) => connection.call(procedure, args, subject)),
    async close() {
      closed = true;
      await Promise.all(connections.splice(0).map((connection) => connection.close()));
    },
  };
}
