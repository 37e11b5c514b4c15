import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import { UnreachableError } from "../../model/errors.ts";
import { channelAfter, channelOf, type SshChannel, type SshProcess, type StartLimits, startLimits, startSsh } from "./channel.ts";
import { collect } from "./collect.ts";
import { takeEarlySsh } from "./early-ssh.ts";
import { type Greeting, greetingOf } from "./greeting.ts";
import { addressWords, masterWords } from "./master-words.ts";
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
interface Master {
  readonly socket: string;
  readonly child: SshProcess;
  readonly greeting: ReturnType<typeof greetingOf>;
  channels: number;
}

/** Prepares a connection; the host is contacted with the first request. */
export function createSshConnection(target: SshTarget, limits: StartLimits = startLimits): SshConnection {
  const ssh = sshProgram();
  const name = target.destination;
  const masters: Master[] = [];
  let directory: string | undefined;
  let lost: UnreachableError | undefined;
  let closing = false;

  function lose(error: UnreachableError): void {
    if (!closing) lost ??= error;
  }

  function connect(): Master {
    const early = masters.length === 0 ? takeEarlySsh(ssh, target) : undefined;
    directory ??= early?.directory ?? makePrivateDirectory();
    const socket = early?.socket ?? `${directory}/${masters.length}`;
    const nonce = early?.nonce ?? randomBytes(8).toString("hex");
    const child = early?.child ?? startSsh(ssh.program, masterWords(ssh, target, { socket, nonce, hasHelper: masters.length === 0 }));
    const errors = early?.errors ?? collect(child.stderr);
    const greeting = greetingOf({ child, errors, closed: early?.closed() }, nonce, name, limits);
    const master: Master = { socket, child, greeting, channels: 0 };
    masters.push(master);
    master.greeting.then(
      () => child.once("exit", () => lose(connectionLost(name, errors()))),
      (error) => lose(error),
    );
    return master;
  }

  let first: Master | undefined;
  let growing: Promise<unknown> = Promise.resolve();

  /** A connection with a channel to spare, the channel already counted. */
  function reserve(): Promise<Master> {
    const reserved = growing.then(async () => {
      const master = masters.find(({ channels }) => channels < channelsAtMost) ?? (masters.length === 0 ? firstMaster() : connect());
      master.channels += 1;
      return master;
    });
    growing = reserved.catch(() => undefined);
    return reserved;
  }

  function firstMaster(): Master {
    first ??= connect();
    return first;
  }

  return {
    get lost() {
      return lost;
    },
    fail(error) {
      lose(error);
      for (const { child } of masters) child.kill("SIGKILL");
    },
    greeting: async () => (await firstMaster().greeting).greeting,
    async helper() {
      if (closing) throw closed(name);
      const { child, greeting } = firstMaster();
      return channelOf(child, (await greeting).rest, () => lost);
    },
    async start(script, args, what) {
      if (lost !== undefined) throw lost;
      if (closing) throw closed(name);
      const master = await reserve();
      await master.greeting;
      if (lost !== undefined) throw lost;
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
      return channelAfter(child, mark, { name, what, limits });
    },
    async close(hasMore) {
      closing = true;
      for (const { child } of masters) child.stdin.end();
      const ends = masters.map(({ child }) => ended(child));
      if (hasMore) await Promise.all(ends);
      else for (const { child } of masters) leave(child);
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    },
  };
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
