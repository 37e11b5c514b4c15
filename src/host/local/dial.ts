import { connect, type Socket } from "node:net";
import { homedir } from "node:os";
import { type Channel, DialError, type DialReason } from "../../model/channel.ts";
import type { Account } from "../../model/host.ts";

const connectMs = 10_000;
const reasons: Readonly<Record<string, DialReason>> = {
  ENOENT: "missing",
  ENOTDIR: "missing",
  ECONNREFUSED: "refused",
  EACCES: "denied",
  EPERM: "denied",
};
const plainWords: Readonly<Partial<Record<DialReason, string>>> = {
  missing: "no such socket",
  refused: "connection refused",
  denied: "permission denied",
};

/** Bytes of one read. */
const readBytes = 65_536;

/**
 * Opens a byte stream to a unix socket of this machine. Throws a DialError. All reads are made into the same memory: a stream allocates 64 KiB for each of
 * them, copies what has come and passes it through its queue, 4 % of a plan of a thousand guests.
 */
export function dialSocket(path: string): Promise<Channel> {
  let channel: Channel | undefined;
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  const callback = (count: number) => {
    channel?.onData(buffer.subarray(0, count));
    return true;
  };
  return channelTo(
    path,
    () => connect({ path, onread: { buffer, callback } }),
    (socket) => {
      channel = channelOf(socket);
      return channel;
    },
  );
}

/** Opens a byte stream to a port of an IP address. Throws a DialError. */
export function dialPort(address: string, port: number, onData: Channel["onData"]): Promise<Channel> {
  return channelTo(
    `port ${port} of ${address}`,
    () => connect({ host: address, port }),
    (socket) => {
      const channel = channelOf(socket, onData);
      socket.on("data", (bytes: Buffer) => channel.onData(bytes));
      return channel;
    },
  );
}

function channelTo(path: string, open: () => Socket, connected: (socket: Socket) => Channel): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const socket = open();
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new DialError(path, "failed", `no connection within ${connectMs / 1000} s`));
    }, connectMs);
    const refuse = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(dialError(path, error.code ?? "", error.message));
    };
    socket.once("error", refuse);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", refuse);
      resolve(connected(socket));
    });
  });
}

/** Why a socket cannot be opened, from the code and the words of a system's error. */
export function dialError(path: string, code: string, words: string): DialError {
  const reason = reasons[code] ?? "failed";
  return new DialError(path, reason, plainWords[reason] ?? words);
}

/** A connected socket as a channel, whose bytes are still to be passed on. */
function channelOf(socket: Socket, onData: Channel["onData"] = () => undefined): Channel {
  const ended = Promise.withResolvers<string | undefined>();
  let why: string | undefined;
  socket.on("error", (error) => {
    why = error.message;
  });
  socket.on("close", () => ended.resolve(why));
  return {
    onData,
    ended: ended.promise,
    write(bytes) {
      if (socket.writable) socket.write(bytes);
    },
    close: () => socket.destroy(),
  };
}

/** The user that this process runs as. */
export function localAccount(environment: Readonly<Record<string, string | undefined>> = process.env): Account {
  const root = process.geteuid?.() === 0;
  return {
    root,
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    runtimeDirectory: environment["XDG_RUNTIME_DIR"] || null,
    cacheDirectory: environment["XDG_CACHE_HOME"] || `${homedir()}/.cache`,
    stateDirectory: root ? "/var/lib/virtform" : `${environment["XDG_STATE_HOME"] || `${homedir()}/.local/state`}/virtform`,
  };
}
