import { type ChildProcess, spawn } from "node:child_process";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { UnreachableError } from "../../model/errors.ts";
import { withThisProcess } from "../with-this-process.ts";

/** A running ssh process with all three streams as pipes. */
export interface SshProcess extends ChildProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** One program on the remote side, on a channel of its own. */
export interface SshChannel {
  readonly stdin: Writable;
  /** What the program writes; output of the login shell's startup files is removed. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Why the channel was cut from this side; undefined while it was not. */
  readonly failure: Error | undefined;
  kill(): void;
  /** Calls back once when the channel has ended, with the exit code of ssh; null when ssh was killed. */
  onClose(ended: (code: number | null) => void): void;
}

/** How long the remote may take to start a program, and how much its login shell may print before. */
export interface StartLimits {
  readonly timeoutMs: number;
  readonly bytes: number;
}

/** A login shell that is slower, or says more than this, is broken: a forced command, or a startup file that waits for input. */
export const startLimits: StartLimits = { timeoutMs: 60_000, bytes: 2 ** 20 };

/**
 * Starts ssh as a process group of its own: the interrupt key reaches only virtform, which finishes running actions. Where
 * setpriv exists, the kernel ends ssh together with virtform, even after SIGKILL and while the remote is silent.
 */
export function startSsh(program: string, args: readonly string[]): SshProcess {
  const [first, ...rest] = withThisProcess("TERM", [program, ...args]);
  const child = spawn(first, rest, { stdio: ["pipe", "pipe", "pipe"], detached: true }) as SshProcess;
  child.stdin.on("error", () => undefined);
  child.on("error", () => undefined);
  return child;
}

/** How long the end of the error output is waited for behind that of a process: before OpenSSH 8.5, one that holds a connection keeps it open. */
const drainMs = 200;

/** Calls back once when a process has ended and its error output was read, with its exit code; null when it was killed. */
export function onEnd(child: SshProcess, ended: (code: number | null) => void): void {
  let timer: NodeJS.Timeout | undefined;
  const end = (code: number | null) => {
    clearTimeout(timer);
    child.off("close", end);
    ended(code);
  };
  child.once("close", end);
  child.once("exit", (code) => {
    timer = setTimeout(end, drainMs, code).unref();
  });
}

/**
 * Passes on what follows the line `mark`. Cuts the channel with an UnreachableError when the mark does not arrive in time or
 * too much arrives before it. `what` names what was waited for: `a file helper`. `started` resolves when that is decided: to false where
 * ssh ended before, as it does when the connection has no room for the channel.
 */
export function channelAfter(
  child: SshProcess,
  mark: string,
  request: { readonly name: string; readonly what: string; readonly limits: StartLimits },
): { readonly channel: SshChannel; readonly started: Promise<boolean> } {
  const { name, what, limits } = request;
  const stdout = new PassThrough();
  const started = Promise.withResolvers<boolean>();
  let failure: Error | undefined;
  let before: Buffer | undefined = Buffer.alloc(0);
  const cut = (why: string) => {
    failure = new UnreachableError(
      `${name} did not start ${what}: ${why}`,
      `A startup file of the login shell there may print or wait for input. Try \`ssh ${name} true\`.`,
    );
    before = undefined;
    started.resolve(true);
    child.kill("SIGKILL");
  };
  const timer = setTimeout(() => cut(`no answer within ${limits.timeoutMs / 1000} s`), limits.timeoutMs);
  const line = Buffer.from(`${mark}\n`);
  const search = (chunk: Buffer) => {
    if (before === undefined) return;
    before = Buffer.concat([before, chunk]);
    const at = before.indexOf(line);
    if (at === -1) {
      if (before.length > limits.bytes) cut(`more than ${limits.bytes} bytes of other output`);
      return;
    }
    clearTimeout(timer);
    child.stdout.off("data", search);
    const rest = before.subarray(at + line.length);
    before = undefined;
    restOf(child, rest, stdout);
    started.resolve(true);
  };
  child.stdout.on("data", search);
  child.once("close", () => {
    clearTimeout(timer);
    // Without the mark nothing was piped, so the end is not passed on by itself.
    stdout.end();
    started.resolve(false);
  });
  return { channel: channelOf(child, stdout, () => failure), started: started.promise };
}

/** Passes on what a process writes from now on, after `first`, which has been read already. */
export function restOf(child: SshProcess, first: Buffer, to = new PassThrough()): Readable {
  if (first.length > 0) to.write(first);
  return child.stdout.pipe(to);
}

/** A process as a channel whose output comes from `stdout`. `failure` returns why the channel was cut from this side. */
export function channelOf(child: SshProcess, stdout: Readable, failure: () => Error | undefined): SshChannel {
  return {
    stdin: child.stdin,
    stdout,
    stderr: child.stderr,
    get failure() {
      return failure();
    },
    kill: () => void child.kill("SIGKILL"),
    onClose(ended) {
      let code: number | null = null;
      let left = 2;
      const done = () => {
        left -= 1;
        if (left === 0) ended(code);
      };
      onEnd(child, (exit) => {
        code = exit;
        if (stdout.listenerCount("data") === 0) stdout.resume();
        done();
      });
      // Everything that was written has been read by then.
      stdout.once("end", done);
      if (stdout.readableEnded) done();
    },
  };
}
