import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { Socket } from "node:net";
import { onEnd, type SshProcess, startSsh } from "./channel.ts";
import { collect } from "./collect.ts";
import { giveUpConnection } from "./give-up-connection.ts";
import { type KeptSocket, keptSocket } from "./kept-socket.ts";
import { masterWords } from "./master-words.ts";
import { makePrivateDirectory } from "./private-directory.ts";
import { sshProgram } from "./program.ts";
import type { SshTarget } from "./target.ts";

/** An ssh that was started before the program was loaded, with what its greeting and its sockets are known by. */
export interface EarlySsh {
  readonly child: SshProcess;
  /** The connection that it uses or makes. Undefined: its connection is its own. */
  readonly kept: KeptSocket | undefined;
  /** Of a connection of its own. */
  readonly directory: string | undefined;
  readonly socket: string;
  readonly nonce: string;
  /** What it has written to its error output. */
  readonly errors: () => string;
  /** Its exit code once it has ended and its output has been read (null: it was killed); undefined before. */
  readonly closed: () => number | null | undefined;
}

/** The process is started by one script and taken by another, which have no module in common. */
const place = Symbol.for("virtform.early-ssh");
const shared = globalThis as { [place]?: { readonly key: string; readonly early: EarlySsh; readonly giveUp: () => void } };

/**
 * Starts to log in to a host, with a connection that is kept for `persist` seconds. Unless it is taken, the login ends with this process, at the latest.
 * No-op where an earlier connection has to be given up first, which takes time.
 */
export function startEarlySsh(target: SshTarget, persist: number): void {
  const ssh = sshProgram();
  const kept = keptSocket(ssh, target, persist);
  if (kept?.earlier === "too old") return;
  const directory = kept === undefined ? makePrivateDirectory() : undefined;
  const [socket, nonce] = [kept?.path ?? `${directory}/0`, randomBytes(8).toString("hex")];
  const child = startSsh(ssh.program, masterWords(ssh, target, { socket, persist: kept?.seconds ?? 0, nonce, hasHelper: true }));
  // Node drops what has not been read when a process ends.
  const errors = collect(child.stderr);
  let closed: number | null | undefined;
  onEnd(child, (code) => {
    closed = code;
  });
  shared[place] = {
    key: keyOf(ssh, target, persist),
    early: { child, kept, directory, socket, nonce, errors, closed: () => closed },
    giveUp: () => void giveUpConnection(ssh, target, socket),
  };
  // A program that does not take it does not wait for it.
  child.unref();
  for (const stream of streamsOf(child)) stream.unref();
  process.once("exit", discardEarlySsh);
}

/**
 * The login that was started to this host with this ssh, to be kept as long, also when it has failed: each failure counts where sshd or fail2ban limits them.
 * Any other one is ended: there is one host to log in to, at most.
 */
export function takeEarlySsh(ssh: ReturnType<typeof sshProgram>, target: SshTarget, persist: number): EarlySsh | undefined {
  const found = shared[place];
  if (found === undefined) return undefined;
  const { child } = found.early;
  if (found.key !== keyOf(ssh, target, persist) || child.pid === undefined) {
    discardEarlySsh();
    return undefined;
  }
  delete shared[place];
  child.ref();
  for (const stream of streamsOf(child)) stream.ref();
  return found.early;
}

/** Its pipes are sockets, which keep this process as long as they are open. */
function streamsOf({ stdin, stdout, stderr }: SshProcess): readonly Socket[] {
  return [stdin, stdout, stderr].filter((stream) => stream instanceof Socket);
}

function discardEarlySsh(): void {
  const found = shared[place];
  if (found === undefined) return;
  delete shared[place];
  const { child, kept, directory } = found.early;
  child.kill("SIGKILL");
  // One that was there before stays.
  if (kept?.earlier === "none") found.giveUp();
  for (const stream of streamsOf(child)) stream.destroy();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
}

function keyOf({ program, args }: ReturnType<typeof sshProgram>, { destination, port }: SshTarget, persist: number): string {
  return JSON.stringify([program, args, destination, port ?? null, persist]);
}
