import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { Readable, Writable } from "node:stream";
import { UnreachableError } from "../../model/errors.ts";
import { sshProgram } from "./program.ts";
import { shellLine } from "./quote.ts";
import type { SshTarget } from "./target.ts";
import { connectionLost, SshConnectError, sshTrouble } from "./trouble.ts";

/** One program on the other side, on a channel of its own. */
export type SshChannel = ChildProcessByStdio<Writable, Readable, Readable>;

/** What the other side said when the connection was made. */
export interface Greeting {
  /** Programs that we need and that are not there. */
  readonly missing: readonly string[];
  /** Programs that we use where they are: curl. */
  readonly extra: readonly string[];
}

/** A machine reached by ssh: one connection, and further ones only when sshd allows no more channels on the first. */
export interface SshConnection {
  /** Starts a script with arguments; both reach the other side's sh as they are. */
  start(script: string, args: readonly string[]): Promise<SshChannel>;
  /** Connects when that has not been done. Throws a SshConnectError that names the hop that failed. */
  greeting(): Promise<Greeting>;
  /** A socket here that leads to one there, through the connection. Throws an Error with ssh's words when ssh refuses. */
  forward(remotePath: string): Promise<string>;
  /** Why nothing can be asked any more; undefined while the connection is there or has not been made. */
  readonly lost: UnreachableError | undefined;
  /** Called when the connection is lost. Gives what takes the call back. */
  onLost(tell: (error: UnreachableError) => void): () => void;
  close(): Promise<void>;
}

/**
 * sshd allows ten channels on a connection unless told otherwise (MaxSessions); the first is the one that keeps it open. A slow
 * sshd still counts those whose end it has received but not seen to when it is asked for the next: hence some to spare.
 */
const channelsAtMost = 7;
/** A connection on which nothing comes for this long is lost: three questions to sshd, five seconds each. */
const keepAlive = ["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"];
/** The connection itself answers, without the other side. */
const forwardMs = 20_000;
/** A directory that has been empty for so long belongs to nobody: making a connection takes a minute at the very most. */
const abandonedAfterMs = 600_000;
const required = ["stat", "dd", "head", "tail", "cp", "mv", "ln", "rm", "mkdir", "touch", "truncate", "chmod", "sync", "mktemp"];
const helpers = ["timeout", "prlimit", "sha256sum", "readlink", "tr", "env"];

interface Master {
  readonly socket: string;
  readonly child: SshChannel;
  readonly greeting: Promise<Greeting>;
  channels: number;
}

/** Prepares a connection; nothing is contacted before the first thing is asked. */
export function createSshConnection(target: SshTarget): SshConnection {
  const ssh = sshProgram();
  const name = target.destination;
  const listeners = new Set<(error: UnreachableError) => void>();
  const masters: Master[] = [];
  let directory: Promise<string> | undefined;
  let forwards = 0;
  let lost: UnreachableError | undefined;
  let closing = false;

  const address = [...(target.port === undefined ? [] : ["-p", String(target.port)]), "--", name];

  function lose(error: UnreachableError): void {
    if (lost !== undefined || closing) return;
    lost = error;
    for (const tell of [...listeners]) tell(error);
  }

  async function connect(): Promise<Master> {
    directory ??= privateDirectory();
    const socket = `${await directory}/${masters.length}`;
    const nonce = randomBytes(8).toString("hex");
    const options = [
      "-T",
      "-x",
      "-o",
      "BatchMode=yes",
      "-o",
      "ControlMaster=yes",
      "-o",
      `ControlPath=${socket}`,
      "-o",
      "ControlPersist=no",
    ];
    const quiet = ["-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none", "-o", "ConnectTimeout=20"];
    // It ends with us, however we end: its input is our pipe.
    const remote = `exec sh -c ${shellLine([greetingScript, "virtform", nonce, ...required, ...helpers])}`;
    const child = start(ssh.program, [...ssh.args, ...options, ...quiet, ...keepAlive, ...address, remote]);
    const master: Master = { socket, child, greeting: greetingOf(child, nonce, name), channels: 0 };
    masters.push(master);
    master.greeting.then(
      () => child.once("exit", () => lose(connectionLost(name, errors()))),
      (error) => lose(error),
    );
    const errors = collect(child.stderr);
    return master;
  }

  let first: Promise<Master> | undefined;
  let growing: Promise<unknown> = Promise.resolve();

  /** A connection with a channel to spare, the channel already counted. */
  function reserve(): Promise<Master> {
    const reserved = growing.then(async () => {
      const master =
        masters.find(({ channels }) => channels < channelsAtMost) ?? (await (masters.length === 0 ? firstMaster() : connect()));
      master.channels += 1;
      return master;
    });
    growing = reserved.catch(() => undefined);
    return reserved;
  }

  function firstMaster(): Promise<Master> {
    first ??= connect();
    return first;
  }

  return {
    get lost() {
      return lost;
    },
    onLost(tell) {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    greeting: async () => (await firstMaster()).greeting,
    async start(script, args) {
      if (lost !== undefined) throw lost;
      if (closing) throw new UnreachableError(`The connection to ${name} is closed.`);
      const master = await reserve();
      await master.greeting;
      if (lost !== undefined) throw lost;
      // Only the channel of the connection that is there: never another connection behind our back, and the user's
      // configuration, which may run programs, has had its say.
      const options = ["-F", "none", "-T", "-S", master.socket, "-o", "ControlMaster=no", "-o", "BatchMode=yes"];
      const alone = ["-o", "ProxyCommand=false", "-o", "LogLevel=ERROR"];
      const remote = `exec sh -c ${shellLine([script, "virtform", ...args])}`;
      const channel = start(ssh.program, [...ssh.args, ...options, ...alone, ...address, remote]);
      channel.once("close", () => {
        master.channels -= 1;
      });
      return channel;
    },
    async forward(remotePath) {
      if (lost !== undefined) throw lost;
      const { socket, greeting } = await firstMaster();
      await greeting;
      const path = `${await directory}/to${++forwards}`;
      const options = ["-F", "none", "-S", socket, "-o", "BatchMode=yes", "-o", "ProxyCommand=false"];
      await toEnd(start(ssh.program, [...ssh.args, ...options, "-O", "forward", "-L", `${path}:${remotePath}`, ...address]));
      return path;
    },
    async close() {
      closing = true;
      for (const { child } of masters) child.stdin.end();
      await Promise.all(masters.map(({ child }) => ended(child)));
      if (directory !== undefined) await rm(await directory, { recursive: true, force: true });
    },
  };
}

/** Says what is there, then keeps the connection until our side closes it. */
const greetingScript = `PATH=$PATH:/usr/sbin:/sbin
nonce=$1
shift
printf '%s\\n' "$nonce"
for program; do command -v "$program" >/dev/null || printf 'missing %s\\n' "$program"; done
stat --printf= / 2>/dev/null && dd if=/dev/null iflag=nofollow,fullblock of=/dev/null status=none 2>/dev/null || printf 'missing %s\\n' 'GNU coreutils'
command -v curl >/dev/null && printf 'extra curl\\n'
printf '%s\\n' "$nonce"
exec cat >/dev/null`;

function greetingOf(child: SshChannel, nonce: string, name: string): Promise<Greeting> {
  return new Promise((resolve, reject) => {
    let output = "";
    const errors = collect(child.stderr);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      // What a login shell's own files write comes before.
      const [, said] = output.split(`${nonce}\n`);
      if (said === undefined || output.indexOf(`${nonce}\n`) === output.lastIndexOf(`${nonce}\n`)) return;
      const words = (kind: string) =>
        said.split("\n").flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []));
      resolve({ missing: words("missing"), extra: words("extra") });
    });
    child.once("error", (error) => {
      const hint = "Install the package openssh-client, or name the program in VIRTFORM_SSH.";
      reject(new SshConnectError(name, error.message, { hop: "ssh here", hint }));
    });
    child.once("close", (code) => {
      if (code === 255 || code === null) return reject(new SshConnectError(name, errors(), sshTrouble(errors(), name)));
      const hint = "The login shell there has to be a POSIX shell that may run commands (not nologin, not a forced command).";
      reject(new SshConnectError(name, errors() || `the login shell ended with exit code ${code}`, { hop: "shell", hint }));
    });
  });
}

function start(program: string, args: readonly string[]): SshChannel {
  // A session of its own: the interrupt key reaches only us, who finish what is running.
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  child.stdin.on("error", () => undefined);
  child.on("error", () => undefined);
  return child;
}

/** Waits for a program that ssh answers at once. Throws an Error with its words unless it ends well. */
function toEnd(child: SshChannel): Promise<void> {
  const errors = collect(child.stderr);
  child.stdout.resume();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), forwardMs);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(errors().trim() || `ssh ended with exit code ${code}`));
    });
  });
}

function ended(child: SshChannel): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The text so far, its end at least. */
function collect(stream: Readable): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer | string) => {
    text = (text + chunk.toString()).slice(-8192);
  });
  return () => text;
}

/** For the sockets. Also clears away those of killed processes: their connections, which ended with them, took the sockets along. */
function privateDirectory(): Promise<string> {
  const parent = shortTemporary();
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith("virtform-ssh-"))) {
    try {
      if (Date.now() - statSync(`${parent}/${name}`).mtimeMs > abandonedAfterMs) rmdirSync(`${parent}/${name}`);
    } catch {
      // In use, or somebody else's.
    }
  }
  return mkdtemp(`${parent}/virtform-ssh-`);
}

/** A socket's path may have about a hundred characters. */
function shortTemporary(): string {
  const own = process.env["XDG_RUNTIME_DIR"];
  return [own, tmpdir(), "/tmp"].find((path) => path !== undefined && path.length < 60 && existsSync(path)) ?? "/tmp";
}
