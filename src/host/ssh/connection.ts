import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import { UnreachableError } from "../../model/errors.ts";
import { channelAfter, channelOf, type SshChannel, type SshProcess, type StartLimits, startLimits, startSsh } from "./channel.ts";
import { collect } from "./collect.ts";
import { type EarlySsh, takeEarlySsh } from "./early-ssh.ts";
import { giveUpConnection } from "./give-up-connection.ts";
import { type Greeting, greetingOf } from "./greeting.ts";
import type { KeepConnections } from "./keep-connections.ts";
import { type KeptSocket, keptSocket } from "./kept-socket.ts";
import { addressWords } from "./login-words.ts";
import { masterWords } from "./master-words.ts";
import { makePrivateDirectory } from "./private-directory.ts";
import { sshProgram } from "./program.ts";
import { shellLine } from "./quote.ts";
import type { SshTarget } from "./target.ts";
import { connectionLost } from "./trouble.ts";

/** A host reached over ssh: one connection, and more only when sshd allows no more channels on the first. */
export interface SshConnection {
  /**
   * Starts a script with arguments; both reach the sh of the remote unchanged. `what` names it in the message when it does not
   * start in time: `a file helper`.
   */
  start(script: string, args: readonly string[], what: string): Promise<SshChannel>;
  /** Connects when that has not been done. Throws a SshConnectError that names the hop that failed. */
  greeting(): Promise<Greeting>;
  /** The channel of the helper, which runs as long as the connection. Throws as `greeting` does. */
  helper(): Promise<SshChannel>;
  /** Why requests fail; undefined while the connection exists or has not been made. */
  readonly lost: UnreachableError | undefined;
  /** Ends the connection, and with it everything that uses it, for this reason. */
  fail(error: UnreachableError): void;
  /**
   * Ends the connection. `hasMore`: the end leaves something to do on the host, which is waited for. Otherwise ssh
   * ends by itself, or with this process, whichever is first: nothing may depend on what was sent last.
   */
  close(hasMore: boolean): Promise<void>;
}

/**
 * sshd allows ten channels on a connection unless told otherwise (MaxSessions); the first is the one that keeps it open. A slow
 * sshd still counts those whose end it has received but not seen to when it is asked for the next: hence some to spare.
 */
const channelsAtMost = 7;
/** The helper puts names on the disk before it ends. */
const closeMs = 30_000;
/** A connection that an earlier run left and that gives no greeting in this time is taken for dead. */
const keptAnswerMs = 3_000;

interface Master {
  readonly socket: string;
  /** Its connection may be that of other runs as well. */
  readonly kept: KeptSocket | undefined;
  readonly child: SshProcess;
  readonly errors: () => string;
  readonly greeting: ReturnType<typeof greetingOf>;
  channels: number;
  /** sshd refused a channel. */
  full: boolean;
}

/** Prepares a connection; the host is contacted with the first request. Without `keep`, the connection ends when it is closed. */
export function createSshConnection(target: SshTarget, limits: StartLimits = startLimits, keep?: KeepConnections): SshConnection {
  const ssh = sshProgram();
  const name = target.destination;
  const masters: Master[] = [];
  let directory: string | undefined;
  let lost: UnreachableError | undefined;
  let closing = false;

  function lose(error: UnreachableError): void {
    if (!closing) lost ??= error;
  }

  /** Starts an ssh that uses or makes a connection that is kept, or makes one of its own. */
  function connect(kept?: KeptSocket, early?: EarlySsh): Master {
    if (kept === undefined) directory ??= early?.directory ?? makePrivateDirectory();
    const socket = early?.socket ?? kept?.path ?? `${directory}/${masters.length}`;
    const nonce = early?.nonce ?? randomBytes(8).toString("hex");
    const login = { socket, persist: kept?.seconds ?? 0, nonce, hasHelper: masters.length === 0 };
    const child = early?.child ?? startSsh(ssh.program, masterWords(ssh, target, login));
    const errors = early?.errors ?? collect(child.stderr);
    const patience = kept?.earlier === "usable" ? { ...limits, timeoutMs: Math.min(limits.timeoutMs, keptAnswerMs) } : limits;
    const greeting = greetingOf({ child, errors, closed: early?.closed() }, nonce, name, patience);
    const master: Master = { socket, kept, child, errors, greeting, channels: 0, full: false };
    masters.push(master);
    return master;
  }

  /** Waits until a connection is made. Its end is that of all requests from then on. */
  async function made(master: Master): Promise<Master> {
    try {
      await master.greeting;
    } catch (error) {
      lose(error as UnreachableError);
      throw error;
    }
    master.child.once("exit", () => lose(connectionLost(name, master.errors())));
    return master;
  }

  async function connectFirst(): Promise<Master> {
    const persist = keep?.seconds ?? 0;
    const early = takeEarlySsh(ssh, target, persist);
    const kept = early === undefined ? keptSocket(ssh, target, persist) : early.kept;
    if (kept?.earlier === "too old") {
      await giveUpConnection(ssh, target, kept.path);
      if (closing) throw closed(name);
    }
    const master = connect(kept, early);
    if (kept === undefined) return made(master);
    keep?.onUse(() => giveUpConnection(ssh, target, kept.path));
    const failed = await master.greeting.then(
      () => false,
      () => true,
    );
    const another = failed && !closing ? anotherLogin(kept, master.errors()) : undefined;
    if (another === undefined) return made(master);
    masters.splice(masters.indexOf(master), 1);
    leave(master.child);
    if (another === "own") return made(connect());
    await giveUpConnection(ssh, target, kept.path);
    if (closing) throw closed(name);
    return made(connect({ ...kept, earlier: "none" }));
  }

  let first: Promise<Master> | undefined;
  let growing: Promise<unknown> = Promise.resolve();

  function firstMaster(): Promise<Master> {
    first ??= connectFirst();
    return first;
  }

  /** A connection with a channel to spare, the channel already counted. */
  function reserve(): Promise<Master> {
    const reserved = growing.then(async () => {
      await firstMaster();
      const master = masters.find(({ channels, full }) => channels < channelsAtMost && !full) ?? (await made(connect()));
      master.channels += 1;
      return master;
    });
    growing = reserved.catch(() => undefined);
    return reserved;
  }

  function refuseIfOver(): void {
    if (lost !== undefined) throw lost;
    if (closing) throw closed(name);
  }

  return {
    get lost() {
      return lost;
    },
    fail(error) {
      lose(error);
      for (const { child } of masters) child.kill("SIGKILL");
    },
    greeting: async () => (await (await firstMaster()).greeting).greeting,
    async helper() {
      if (closing) throw closed(name);
      const { child, greeting } = await firstMaster();
      return channelOf(child, (await greeting).rest, () => lost);
    },
    async start(script, args, what) {
      for (;;) {
        refuseIfOver();
        const master = await reserve();
        refuseIfOver();
        // Only a channel of the existing connection, never a second connection; the user's
        // configuration, which may run programs, applies to the connection only.
        const options = ["-F", "none", "-T", "-S", master.socket, "-o", "ControlMaster=no", "-o", "BatchMode=yes"];
        const alone = ["-o", "ProxyCommand=false", "-o", "LogLevel=ERROR"];
        const mark = randomBytes(16).toString("hex");
        const remote = `exec sh -c ${shellLine([`printf '%s\\n' "$1"\nshift\n${script}`, "virtform", mark, ...args])}`;
        const child = startSsh(ssh.program, [...ssh.args, ...options, ...alone, ...addressWords(target), remote]);
        child.once("close", () => {
          master.channels -= 1;
        });
        const { channel, started } = channelAfter(child, mark, { name, what, limits });
        // The channels of a connection that is kept are shared with other runs, one of which may have given it up.
        if (master.kept === undefined || (await started)) return channel;
        master.full = true;
      }
    },
    async close(hasMore) {
      closing = true;
      for (const { child } of masters) child.stdin.end();
      const ends = masters.map(({ child }) => ended(child));
      if (hasMore) await Promise.all(ends);
      for (const { child } of masters) leave(child);
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * What to do when a connection that is kept, or to be kept, came to nothing: `again`, after an earlier run's connection did not answer; a connection of our `own`,
 * because ssh does not pass on what a ProxyCommand or ProxyJump says about its failure when it keeps the connection; nothing where ssh has said why it failed.
 */
function anotherLogin({ earlier }: KeptSocket, words: string): "again" | "own" | undefined {
  if (/\bUNKNOWN port 65535\b/.test(words)) return "own";
  const saysWhy = words.split("\n").some((line) => line.trim() !== "" && !/^(?:mux|control)/i.test(line));
  return earlier === "usable" && !saysWhy ? "again" : undefined;
}

function closed(name: string): UnreachableError {
  return new UnreachableError(`The connection to ${name} is closed.`);
}

/** Keeps neither this process nor its event loop for the end of ssh. */
function leave(child: SshProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref();
}

function ended(child: SshProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    // A timer alone keeps no process: where the end is waited for, its streams do.
    const timer = setTimeout(() => child.kill("SIGKILL"), closeMs).unref();
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
