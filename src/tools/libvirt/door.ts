import { setTimeout as sleep } from "node:timers/promises";
import { type Channel, isDialError } from "../../model/channel.ts";
import { UnreachableError } from "../../model/errors.ts";
import type { Account, Host } from "../../model/host.ts";
import { type Ahead, type Connection, loginOpening, openConnection } from "./rpc/connection.ts";
import type { Driver } from "./rpc/procedures.ts";
import { isPrivate, type Socket, siblingSocket, socketsOf } from "./sockets.ts";
import { isLoginRefusal, unreachable } from "./unreachable.ts";
import { parseLibvirtUri } from "./uri.ts";

/** Opens connections to the libvirt of one host. */
export interface Door {
  /**
   * A new connection to the daemon that answers for a driver. If `ahead` was called, the calls that it gave have to be the first on this connection, in
   * this order: they were sent behind the login. Throws an UnreachableError that says what to do.
   */
  open(driver: Driver, ahead?: () => readonly Ahead[]): Promise<Connection>;
  /** Whether each driver has a daemon of its own; connects when that is not known. */
  isSplit(): Promise<boolean>;
  /** Whether only the read-only socket lets this user in; known after the first connection. */
  readonly readOnly: boolean;
  /** Ends what was opened and not used. */
  close(): void;
}

export interface DoorOptions {
  readonly host: Pick<Host, "dial" | "account" | "run" | "files" | "name">;
  /** On the host itself: without ssh. */
  readonly uri: string;
  /** Nothing will be changed: use the read-only socket if the other one is refused. */
  readonly looksOnly: boolean;
}

interface Place {
  readonly socket: Socket;
  readonly readOnly: boolean;
}

/** How long a daemon that was just started may take until it listens. */
const startMs = 15_000;
const retryMs = 100;

/** A door for a host and a URI; nothing is contacted yet. */
export function createDoor({ host, uri, looksOnly }: DoorOptions): Door {
  const target = parseLibvirtUri(uri);
  let place: Place | undefined;
  let searching: Promise<Place> | undefined;
  /** The channel that the search opened, for the first connection. */
  let spare: Channel | undefined;

  function locate(ahead?: () => readonly Ahead[]): Promise<Place> {
    if (place !== undefined) return Promise.resolve(place);
    searching ??= search(ahead)
      .then(([channel, found]) => {
        spare = channel;
        place = found;
        return found;
      })
      .finally(() => {
        searching = undefined;
      });
    return searching;
  }

  function channelTo(known: Place): Promise<Channel> {
    const opened = spare;
    spare = undefined;
    return opened === undefined ? dial(known, target.opens) : Promise.resolve(opened);
  }

  async function open(driver: Driver, ahead?: () => readonly Ahead[]): Promise<Connection> {
    const known = await locate(driver === "hypervisor" ? ahead : undefined);
    if (driver !== "hypervisor" && known.socket.split) return openSibling(known, driver);
    return logIn(await channelTo(known), known, target.opens);
  }

  /** Without a socket of the sibling the daemon of the hypervisor is used: it forwards these calls. */
  async function openSibling(known: Place, driver: Exclude<Driver, "hypervisor">): Promise<Connection> {
    const socket = { ...known.socket, path: siblingSocket(known.socket.path, driver) };
    const opens = `${driver}://${target.session ? "/session" : "/system"}`;
    try {
      return await logIn(await dial({ ...known, socket }, opens), { ...known, socket }, opens);
    } catch (error) {
      if (!isDialError(error)) throw error;
      return logIn(await channelTo(known), known, target.opens);
    }
  }

  async function logIn(channel: Channel, { socket, readOnly }: Place, opens: string): Promise<Connection> {
    try {
      return await openConnection(channel, { uri, opens, readOnly });
    } catch (error) {
      if (looksOnly && !readOnly && isLoginRefusal(error)) {
        const reading = { socket, readOnly: true };
        // Without a read-only socket, the error is the refusal by the other one.
        const second = await dial(reading, opens).catch(() => undefined);
        if (second !== undefined) {
          const connection = await logIn(second, reading, opens);
          if (place !== undefined) place = { ...place, readOnly: true };
          return connection;
        }
      }
      throw unreachable(error, { uri, host: host.name, path: socket.path });
    }
  }

  function dial({ socket, readOnly }: Place, opens: string, ahead?: () => readonly Ahead[]): Promise<Channel> {
    return host.dial(readOnly ? `${socket.path}-ro` : socket.path, loginOpening({ opens, readOnly }, ahead));
  }

  async function search(ahead?: () => readonly Ahead[]): Promise<[Channel, Place]> {
    const account = target.session ? await host.account() : systemAccount;
    const sockets = socketsOf(target, account);
    try {
      return await firstOf(sockets, ahead);
    } catch (error) {
      const absent = isDialError(error) && (error.reason === "missing" || error.reason === "refused");
      if (absent && isPrivate(target, account)) return startDaemon(sockets);
      throw unreachable(error, { uri, host: host.name, path: sockets.at(-1)?.path ?? "" });
    }
  }

  /** The first socket with a listener. Throws the last DialError, or the first one that is a refusal. */
  async function firstOf(sockets: readonly Socket[], ahead?: () => readonly Ahead[]): Promise<[Channel, Place]> {
    let failure: unknown;
    for (const socket of sockets) {
      for (const readOnly of looksOnly ? [false, true] : [false]) {
        try {
          return [await dial({ socket, readOnly }, target.opens, ahead), { socket, readOnly }];
        } catch (error) {
          if (!isDialError(error)) throw error;
          if (!(isDialError(failure) && failure.reason === "denied")) failure = error;
          if (error.reason !== "denied") break;
        }
      }
    }
    throw failure;
  }

  /** As libvirt's own client does: the daemon ends by itself two minutes after its last client, unless guests run. */
  async function startDaemon(sockets: readonly Socket[]): Promise<[Channel, Place]> {
    const paths = sockets.flatMap(({ program }) => [`/usr/sbin/${program}`, `/usr/bin/${program}`]);
    const stats = await host.files.statMany(paths);
    const program = paths.find((_, index) => stats[index] !== undefined);
    if (program === undefined) throw notInstalled(host.name, uri);
    // If another process starts one at the same moment, the second daemon ends because of the first one's lock.
    await host.run({ program, args: ["--daemon", "--timeout", "120"], timeoutMs: startMs }).catch(() => undefined);
    const deadline = performance.now() + startMs;
    for (;;) {
      try {
        return await firstOf(sockets);
      } catch (error) {
        if (performance.now() > deadline) throw unreachable(error, { uri, host: host.name, path: sockets.at(-1)?.path ?? "" });
        await sleep(retryMs);
      }
    }
  }

  return {
    open: async (driver, ahead) => {
      try {
        return await open(driver, ahead);
      } catch (error) {
        // A restarted libvirt may use another socket.
        if (isDialError(error)) {
          place = undefined;
          throw unreachable(error, { uri, host: host.name, path: error.path });
        }
        throw error;
      }
    },
    async isSplit() {
      return (await locate()).socket.split;
    },
    get readOnly() {
      return place?.readOnly ?? false;
    },
    close: () => spare?.close(),
  };
}

/** The sockets of the system's daemons are in the same place for every user. */
const systemAccount: Account = { root: true, uid: 0, gid: 0, runtimeDirectory: null, cacheDirectory: "", stateDirectory: "" };

function notInstalled(name: string, uri: string): UnreachableError {
  return new UnreachableError(
    `libvirt at ${uri} cannot be reached: no libvirt daemon is installed on ${name}`,
    `On Debian and Ubuntu: apt install libvirt-daemon-system (or libvirt-daemon for guests of one user).`,
  );
}
