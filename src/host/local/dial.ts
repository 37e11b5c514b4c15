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

/** Opens a byte stream to a unix socket of this machine. Throws a DialError. */
export function dialSocket(path: string): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new DialError(path, "failed", `no connection within ${connectMs / 1000} s`));
    }, connectMs);
    const refuse = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new DialError(path, reasons[error.code ?? ""] ?? "failed", wordsOf(error)));
    };
    socket.once("error", refuse);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", refuse);
      resolve(channelOf(socket));
    });
  });
}

/** A connected socket as a channel. */
export function channelOf(socket: Socket): Channel {
  const ended = Promise.withResolvers<string | undefined>();
  let why: string | undefined;
  socket.on("error", (error) => {
    why = error.message;
  });
  socket.on("close", () => ended.resolve(why));
  const channel: Channel = {
    onData: () => undefined,
    ended: ended.promise,
    write(bytes) {
      if (socket.writable) socket.write(bytes);
    },
    close: () => socket.destroy(),
  };
  socket.on("data", (bytes: Buffer) => channel.onData(bytes));
  return channel;
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

function wordsOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT" || code === "ENOTDIR") return "no such socket";
  if (code === "ECONNREFUSED") return "connection refused";
  return code === "EACCES" || code === "EPERM" ? "permission denied" : message;
}
