import { UnreachableError } from "../../model/errors.ts";
import { collect } from "./collect.ts";
import type { SshConnection } from "./connection.ts";
import { createFrameReader, type Frame, frameBytes } from "./frames.ts";
import { helperParts } from "./helper-parts.ts";
import { createOwed } from "./owed.ts";
import { connectionLost } from "./trouble.ts";

/** A request to the helper program. */
export interface HelperRequest {
  readonly op: string;
  readonly [key: string]: unknown;
}

export interface AskOptions {
  readonly blob?: Uint8Array;
  /** `reading /srv/disk`, for the message when no answer comes. */
  readonly what: string;
  readonly timeoutMs?: number;
  /** The request alone fails when its time is up: the helper itself may be fine. */
  readonly alone?: boolean;
  /** Aborting asks the helper to stop; its answer is still waited for. */
  readonly signal?: AbortSignal | undefined;
  /** Its answer is not waited for before other work goes on, so it is no round trip. */
  readonly background?: boolean;
  /** Gives the rest of the request when it goes out, with `what` it is then: what was asked for until then goes with it. */
  readonly late?: () => { readonly rest: object; readonly what?: string; readonly blob?: Uint8Array };
  /** Frames that come before the answer. */
  readonly onFrame?: (frame: Frame) => void;
}

/** A program kept running on the remote that works on files, opens sockets, holds locks and runs commands: no process and no channel for each. */
export interface SshHelper {
  /** Throws an UnreachableError when the helper ends or does not answer in time. */
  ask(request: HelperRequest, options: AskOptions): Promise<Frame>;
  /** Sends a message that has no answer. Dropped before the first answer, and when the connection is lost. */
  send(request: HelperRequest, blob?: Uint8Array): void;
  /** The end of the connection leaves nothing to do on the host: no locks, programs, changes, or names that are not on the disk. */
  owesNothing(): boolean;
  /** Registers a callback for the loss of a lock and the end of the helper. Returns a function that removes it. */
  watch(lock: string, call: (event: "lost" | "ended") => void): () => void;
}

const usualTimeoutMs = 300_000;
/** The helper gives up everything after 90 s of silence. */
const beatMs = 2_500;

/** The script that executes another instance of the program, for the bytes of one file. Red Hat's minimal systems have Python under another name. */
export const helperScript = `PATH=$PATH:/usr/sbin:/sbin
export PATH
for python in python3 /usr/libexec/platform-python; do
  command -v "$python" >/dev/null 2>&1 && exec "$python" -I -S -c "$@"
done
exit 127`;

/** Connects with the first request. `tell` is called with every round trip: with the operations that go out together. */
export function createSshHelper(
  connection: SshConnection,
  name: string,
  tell: (what: string) => void,
  answerMs: number = usualTimeoutMs,
): SshHelper {
  let session: Promise<Session> | undefined;
  let current: Session | undefined;
  const watchers = new Map<string, (event: "lost" | "ended") => void>();
  const owed = createOwed();
  let outgoing: { readonly op: string | undefined; send(session: Session): void; fail(error: unknown): void }[] = [];
  let id = 0;

  /** Requests of the same turn go out together: the cost is the round trip. */
  async function flush(): Promise<void> {
    const together = outgoing;
    outgoing = [];
    const waited = [...new Set(together.flatMap(({ op }) => op ?? []))];
    if (waited.length > 0) tell(waited.join(", "));
    try {
      session ??= startSession(connection, name, watchers, () => {
        session = undefined;
        current = undefined;
      });
      current = await session;
      for (const one of together) one.send(current);
    } catch (error) {
      session = undefined;
      for (const one of together) one.fail(error);
    }
  }

  return {
    ask(request, options) {
      if (connection.lost !== undefined) return Promise.reject(connection.lost);
      id += 1;
      const own = id;
      const answered = owed.asked(request);
      return new Promise<Frame>((resolve, reject) => {
        outgoing.push({
          op: options.background === true ? undefined : request.op,
          send: (started) => {
            const { rest = {}, ...more } = options.late?.() ?? {};
            started.ask(own, { ...request, ...rest }, { timeoutMs: answerMs, ...options, ...more }).then(resolve, reject);
          },
          fail: reject,
        });
        if (outgoing.length === 1) setImmediate(() => void flush());
      }).then((frame) => {
        answered(frame.message);
        return frame;
      });
    },
    owesNothing: () => owed.nothing,
    watch(lock, call) {
      watchers.set(lock, call);
      return () => watchers.delete(lock);
    },
    send: (request, blob) => current?.send(request, blob),
  };
}

interface Session {
  ask(id: number, request: HelperRequest, options: AskOptions): Promise<Frame>;
  send(message: object, blob?: Uint8Array): void;
}

interface Waiting {
  readonly options: AskOptions;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
  readonly stop: () => void;
}

async function startSession(
  connection: SshConnection,
  name: string,
  watchers: ReadonlyMap<string, (event: "lost" | "ended") => void>,
  onEnd: () => void,
): Promise<Session> {
  const channel = await connection.helper();
  const errors = collect(channel.stderr);
  const waiting = new Map<number, Waiting>();
  const send = (message: object, blob?: Uint8Array) => {
    if (channel.stdin.writable) channel.stdin.write(frameBytes(message, blob));
  };
  let loaded = 0;
  /** Sends the parts of the program that a request needs, in front of it. */
  const load = (op: string) => {
    const last = helperParts.findIndex(({ ops }) => ops.includes(op));
    for (; loaded <= last; loaded += 1) send({ op: "load" }, Buffer.from(helperParts[loaded]?.text ?? ""));
  };
  const settle = (id: number): Waiting | undefined => {
    const one = waiting.get(id);
    if (one === undefined) return undefined;
    waiting.delete(id);
    clearTimeout(one.timer);
    one.options.signal?.removeEventListener("abort", one.stop);
    return one;
  };
  const take = createFrameReader((frame) => {
    const { id, lost } = frame.message;
    if (lost === true) return watchers.get(String(id))?.("lost");
    if (typeof id !== "number") return;
    const isLast = !["opened", "progress", "output"].some((key) => key in frame.message);
    if (isLast) settle(id)?.resolve(frame);
    else waiting.get(id)?.options.onFrame?.(frame);
  });
  channel.stdout.on("data", (chunk: Buffer) => {
    try {
      take(chunk);
    } catch (error) {
      const words = `${name} answered with something else than the helper's protocol: ${(error as Error).message}`;
      connection.fail(new UnreachableError(words));
    }
  });
  const beat = setInterval(() => send({ op: "beat" }), beatMs).unref();
  channel.onClose(() => {
    clearInterval(beat);
    const error = connection.lost ?? connectionLost(name, errors());
    for (const id of [...waiting.keys()]) settle(id)?.reject(error);
    for (const call of watchers.values()) call("ended");
    onEnd();
  });
  return {
    ask: (id, request, options) =>
      new Promise((resolve, reject) => {
        const { timeoutMs = usualTimeoutMs, what, alone = false, signal } = options;
        const late = () => {
          const error = new UnreachableError(
            `${name} did not answer within ${timeoutMs / 1000} s: ${what}`,
            "A filesystem there may hang; check the kernel log of the host (dmesg).",
          );
          if (alone) settle(id)?.reject(error);
          else connection.fail(error);
        };
        const stop = () => send({ op: "stop", of: id });
        // A timer alone keeps no process: the streams of ssh do, until the connection is closed.
        waiting.set(id, { options, resolve, reject, stop, timer: setTimeout(late, Math.min(timeoutMs, 2 ** 31 - 1)).unref() });
        signal?.addEventListener("abort", stop, { once: true });
        if (channel.failure !== undefined) return settle(id)?.reject(channel.failure);
        load(request.op);
        send({ ...request, id }, options.blob);
        if (signal?.aborted === true) stop();
      }),
    send,
  };
}
