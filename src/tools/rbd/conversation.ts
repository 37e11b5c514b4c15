import { UnreachableError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { CephAccess } from "./access.ts";
import { type RbdTrouble, rbdError } from "./errors.ts";
import { rbdProgram } from "./program.ts";

/** One request to a session. */
export interface RbdRequest {
  /** One of the program's operations. */
  readonly op: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** For messages: `rename vms/a`. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The part done, 0 to 1, of what takes long. */
  readonly onFraction?: (fraction: number) => void;
}

/** One process that is talked to, about many things at once. */
export interface RbdConversation {
  ask(request: RbdRequest): Promise<unknown>;
  /** False once it has ended or hangs: take another. */
  readonly alive: boolean;
  close(): Promise<void>;
}

/** What one says. Without `id` it is about all that was asked. */
interface Answer {
  readonly id: number | null;
  readonly result?: unknown;
  readonly error?: RbdTrouble;
  readonly progress?: readonly [done: number, total: number];
}

interface Pending {
  readonly request: RbdRequest;
  settle(outcome: { readonly result: unknown } | { readonly error: Error }): void;
}

/** How long a stopped request may go on before it is given up. */
const graceMs = 5000;
const lastWords = 2000;
/** How often a host elsewhere hears from us, and how long it goes on without: as with other programs there. */
const beatMs = 15_000;
const silenceSeconds = 60;

/** Starts `python` on the host. The cluster is contacted with the first request. */
export function openRbd(host: Host, access: CephAccess, python: string): RbdConversation {
  // Isolated: neither the user's modules nor the environment choose what is loaded.
  const elsewhere = host.upload !== undefined;
  const silence = String(elsewhere ? silenceSeconds : 0);
  const process = host.open({ program: python, args: ["-I", "-c", rbdProgram, access.conf, access.user ?? "", silence] });
  const beat = elsewhere ? setInterval(() => process.write("\n"), beatMs) : undefined;
  const pending = new Map<number, Pending>();
  let asked = 0;
  let heard = false;
  let unread = "";
  let said = "";
  let closed = false;

  process.onOutput = (text) => {
    heard = true;
    const lines = (unread + text).split("\n");
    unread = lines.pop() ?? "";
    for (const line of lines) take(line);
  };
  process.onError = (text) => {
    said = (said + text).slice(-lastWords);
  };
  void process.ended.then(async ({ exitCode }) => {
    closed = true;
    clearInterval(beat);
    if (pending.size > 0) failAll(await whyEnded(exitCode));
  });

  function take(line: string): void {
    const { id, result, error, progress } = JSON.parse(line) as Answer;
    if (id === null) {
      closed = true;
      if (error !== undefined) failAll(undefined, error);
      return;
    }
    const { request, settle } = pending.get(id) ?? {};
    if (request === undefined || settle === undefined) return;
    if (progress !== undefined) request.onFraction?.(progress[1] === 0 ? 1 : progress[0] / progress[1]);
    else settle(error === undefined ? { result } : { error: rbdError(host, access, request.what, error) });
  }

  function failAll(error: Error | undefined, trouble?: RbdTrouble): void {
    for (const { request, settle } of [...pending.values()]) {
      if (trouble !== undefined) settle({ error: rbdError(host, access, request.what, trouble) });
      else if (error !== undefined) settle({ error });
    }
  }

  async function whyEnded(exitCode: number | undefined): Promise<Error> {
    if (exitCode === undefined && !heard) {
      // Only running it to its end tells a missing program from one that ended, or from a connection that did.
      const missing = await host.run({ program: python, args: ["--version"], timeoutMs: 30_000 }).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (missing instanceof UnreachableError) return missing;
      if (missing instanceof Error) {
        return rbdError(host, access, "", { step: "bindings", errno: null, message: `there is no ${python}` });
      }
    }
    const words = said.trim() === "" ? "" : ` (${said.trim()})`;
    return new UnreachableError(`The session with Ceph on ${host.name} (${access.conf}) ended before it answered${words}.`);
  }

  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        const { what, signal, timeoutMs } = request;
        const stopped = () => rbdError(host, access, what, { step: "cancelled", errno: null, message: "" });
        if (signal.aborted) return reject(stopped());
        if (closed) return reject(new UnreachableError(`The session with Ceph on ${host.name} (${access.conf}) is closed.`));
        const id = asked;
        asked += 1;
        const timers = [setTimeout(expire, Math.min(timeoutMs, 2 ** 31 - 1))];
        const cancel = () => {
          process.write(`${JSON.stringify({ cancel: id })}\n`);
          timers.push(setTimeout(() => settle({ error: stopped() }), graceMs));
        };
        const settle: Pending["settle"] = (outcome) => {
          pending.delete(id);
          for (const timer of timers) clearTimeout(timer);
          signal.removeEventListener("abort", cancel);
          if ("error" in outcome) reject(outcome.error);
          else resolve(outcome.result);
        };
        function expire(): void {
          closed = true;
          // What one request waits for, the others do too: a cluster that has stopped.
          failAll(
            new UnreachableError(
              `Ceph did not answer ${host.name} (${access.conf}) within ${timeoutMs / 1000} s: rbd ${what}`,
              "`ceph -s` shows what it waits for.",
            ),
          );
          process.kill();
        }
        signal.addEventListener("abort", cancel, { once: true });
        pending.set(id, { request, settle });
        process.write(`${JSON.stringify({ id, op: request.op, args: request.args })}\n`);
      }),
    get alive() {
      return !closed;
    },
    close: () => {
      clearInterval(beat);
      return process.close();
    },
  };
}
