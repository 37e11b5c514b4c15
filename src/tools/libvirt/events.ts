import type { DomainWatch } from "./face.ts";
import type { Connection } from "./rpc/connection.ts";
import { procedures } from "./rpc/procedures.ts";

/** Lifecycle events of all domains, over a connection of their own that is opened with the first watch. */
export interface DomainEvents {
  watch(uuid: string): DomainWatch;
  close(): Promise<void>;
}

/** Without events a look is due after this long (Nova BLD-17 polls every 500 ms). */
const withoutEventsMs = 500;
/** Events are not replayed and may be lost: a look is due after this long in any case. */
const withEventsMs = 10_000;

interface Watcher {
  readonly uuid: string;
  changed: boolean;
  wake: () => void;
}

/** Events over connections that `open` makes. */
export function createDomainEvents(open: () => Promise<Connection>): DomainEvents {
  const watchers = new Set<Watcher>();
  let connection: Promise<Connection | undefined> | undefined;
  let live = false;

  function mark(chosen: (watcher: Watcher) => boolean): void {
    for (const watcher of watchers) {
      if (!chosen(watcher)) continue;
      watcher.changed = true;
      watcher.wake();
    }
  }

  async function connect(): Promise<Connection | undefined> {
    try {
      const opened = await open();
      opened.onDomainEvent = (uuid) => mark((watcher) => watcher.uuid === uuid);
      opened.onLost = () => {
        live = false;
        connection = undefined;
        mark(() => true);
      };
      await opened.call(procedures.watchDomains, { event: 0, domain: null }, "");
      live = true;
      // Earlier events were not reported.
      mark(() => true);
      return opened;
    } catch {
      // If libvirt cannot be reached, the next look says why; if only events are refused, looks continue without them.
      return undefined;
    }
  }

  return {
    watch(uuid) {
      const watcher: Watcher = { uuid, changed: false, wake: () => undefined };
      watchers.add(watcher);
      connection ??= connect();
      return {
        next: (withinMs, signal) => {
          connection ??= connect();
          return waitFor(watcher, withinMs, () => (live ? withEventsMs : withoutEventsMs), signal);
        },
        [Symbol.dispose]: () => void watchers.delete(watcher),
      };
    },
    async close() {
      watchers.clear();
      await (await connection)?.close();
    },
  };
}

function waitFor(watcher: Watcher, withinMs: number, patienceMs: () => number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const wait = Math.min(withinMs, patienceMs());
    const timer = setTimeout(() => finish(wait < withinMs), wait);
    const abort = () => {
      clean();
      reject(signal.reason);
    };
    function clean(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      watcher.wake = () => undefined;
    }
    function finish(changed: boolean): void {
      clean();
      watcher.changed = false;
      resolve(changed);
    }
    watcher.wake = () => finish(true);
    signal.addEventListener("abort", abort, { once: true });
    if (watcher.changed) finish(true);
  });
}
