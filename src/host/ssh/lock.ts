import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { FileChange, Guess, LockRequest, SettleAndEnd } from "../../model/host.ts";
import { explainFileError } from "../file-error.ts";
import { compromised, waitInterrupted } from "../lock-errors.ts";
import { type Holder, parseHolder } from "../lock-holder.ts";
import { createLockWait, type Sighting, sight } from "../lock-wait.ts";
import { comparePlaces, type ProcessIdentity, parseProcessState } from "../process-identity.ts";
import type { SshConnection } from "./connection.ts";
import { changeAndRelease, lastChanges, settleAndRelease } from "./files.ts";
import type { Frame } from "./frames.ts";
import type { SshHelper } from "./helper.ts";
import { connectionLost } from "./trouble.ts";
import { explainTrouble, type Trouble } from "./trouble-of-file.ts";

/*
 * The same lock as on this machine (local/lock.ts): the directory `<path>.lock`, with a record of its holder beside it, so that
 * virtform on the host itself and virtform over ssh exclude each other. The holder is the helper program on the host, which renews
 * the lock as long as virtform sends beats: when virtform dies or the connection breaks, it releases the lock; when the helper is killed, the
 * lock of a dead process is taken over.
 */

const staleMs = 10_000;
/** One look at the lock, or its release. */
const answerMs = 60_000;

interface Access {
  readonly connection: SshConnection;
  readonly helper: SshHelper;
  readonly name: string;
}

/** Runs `work` while the helper holds the lock. A lost connection loses the lock, and is an UnreachableError once `work` has ended. */
export async function lockOverSsh<T>(
  access: Access,
  request: LockRequest,
  work: (lost: AbortSignal, end: SettleAndEnd) => Promise<T>,
): Promise<T> {
  return locked(access, request, async (_, lost, hold) => {
    const result = await work(lost, hold.settleAndRelease);
    lost.throwIfAborted();
    await hold.release();
    return result;
  });
}

/** Reads a file under a lock, changes what `change` decides on, and releases the lock: the first and the last of it take one request each. */
export async function rewriteOverSsh(
  access: Access,
  request: LockRequest,
  { path, length }: { readonly path: string; readonly length: number },
  change: (content: Buffer | undefined) => Promise<readonly FileChange[]>,
  guess?: Guess,
): Promise<void> {
  const guessed = guess === undefined ? undefined : { ...lastChanges(guess.changes), content: guess.content };
  const looks = [["read", path, 0, length]];
  const first =
    guessed === undefined
      ? { message: { op: "lock", looks } }
      : {
          message: { op: "swap", looks, expected: guessed.content?.length ?? null, ...guessed.request },
          blob: Buffer.concat([guessed.content ?? Buffer.alloc(0), guessed.blob]),
        };
  await locked({ ...access, first }, request, async ({ message, blob }, lost, { release, released }) => {
    if (guessed !== undefined && "released" in message) {
      released(message["released"] === true);
      guessed.throwFailed(message);
      return;
    }
    const [found] = message["results"] as readonly { readonly ok?: unknown; readonly error?: Trouble }[];
    const { error } = found ?? {};
    if (error !== undefined && error.refused === undefined) throw explainTrouble(error, "read", path);
    const changes = await change(typeof found?.ok === "number" ? blob.subarray(0, found.ok) : undefined);
    lost.throwIfAborted();
    await release(changes);
  });
}

/** What ends a lock. */
interface Hold {
  /** Makes the last changes and releases the lock; nothing once it has been released. Throws when it was lost. */
  readonly release: (changes?: readonly FileChange[]) => Promise<void>;
  /** Notes that it has been released in another way. Throws when it was lost before. */
  readonly released: (wasHeld: boolean) => void;
  readonly settleAndRelease: SettleAndEnd;
}

/** The request that takes a lock, beside what every one has. */
interface First {
  readonly message: { readonly op: string; readonly [key: string]: unknown };
  readonly blob?: Buffer;
}

/** Takes a lock and makes sure that it is released: with the last changes, or without any where `work` failed before that. */
async function locked<T>(
  { connection, helper, name, first }: Access & { readonly first?: First },
  request: LockRequest,
  work: (taken: Frame, lost: AbortSignal, hold: Hold) => Promise<T>,
): Promise<T> {
  const lock = randomBytes(12).toString("hex");
  const lost = new AbortController();
  const unwatch = helper.watch(lock, (event) =>
    lost.abort(event === "lost" ? compromised(request) : (connection.lost ?? connectionLost(name))),
  );
  let isReleased = false;
  const hold: Hold = {
    async release(changes = []) {
      if (isReleased) return;
      isReleased = true;
      hold.released(changes.length === 0 ? await release(helper, request, lock) : await changeAndRelease(helper, lock, changes));
    },
    released(wasHeld) {
      isReleased = true;
      if (!wasHeld) throw compromised(request);
    },
    async settleAndRelease(last) {
      lost.signal.throwIfAborted();
      isReleased = true;
      const { released, failure } = await settleAndRelease(helper, lock, last);
      hold.released(released);
      return failure;
    },
  };
  try {
    const taken = await acquire(helper, request, lock, first);
    try {
      return await work(taken, lost.signal, hold);
    } catch (error) {
      if (!lost.signal.aborted && !isReleased) await release(helper, request, lock);
      lost.signal.throwIfAborted();
      throw error;
    }
  } finally {
    unwatch();
  }
}

/** Whether a lock of the host is held by a process that may run. */
export async function isLockedOverSsh(helper: SshHelper, path: string): Promise<boolean> {
  const ask = asking(helper, path);
  const { verdict, identity = "", record = "", own } = (await ask("looking at", { do: "look" })) as Readonly<Record<string, string>>;
  if (verdict !== "busy" || identity === "") return false;
  const holder = parseHolder(record);
  return holder?.directory !== identity || (await lifeOf(ask, holder, own as unknown as ProcessIdentity)) !== "gone";
}

/** Asks the helper program about one lock. */
function asking(helper: SshHelper, path: string) {
  return async (what: string, more: object) =>
    (await helper.ask({ op: "lock", path, ...more }, { what: `${what} the lock ${path}`, timeoutMs: answerMs })).message;
}

/** False when another process had taken the lock away. */
async function release(helper: SshHelper, { path }: LockRequest, lock: string): Promise<boolean> {
  const what = `releasing the lock ${path}`;
  const { message } = await helper.ask({ op: "lock", do: "release", lock }, { what, timeoutMs: answerMs });
  return message["released"] === true;
}

async function acquire(helper: SshHelper, request: LockRequest, lock: string, first: First = { message: { op: "lock" } }): Promise<Frame> {
  const { path } = request;
  const ask = asking(helper, path);
  // The process is one of the host; the purpose names the machine behind it.
  const record = { purpose: `${request.purpose}, over ssh from ${hostname()}`, since: new Date().toISOString() };
  const wait = createLockWait(request, staleMs);
  let sighting: Sighting | undefined;
  for (;;) {
    if (request.signal?.aborted === true) throw waitInterrupted(request);
    const { message, blob } = first;
    const tried = { ...message, path, do: "try", lock, record, file: request.withFile === true };
    const what = `taking the lock ${path}`;
    const taken = await helper.ask(tried, { what, timeoutMs: answerMs, ...(blob === undefined ? {} : { blob }) });
    const found = taken.message;
    const { verdict, identity = "", time = "", record: text = "", own } = found as Readonly<Record<string, string>>;
    if (verdict === "held") return taken;
    if (verdict === "other") {
      await wait("other program", false);
      continue;
    }
    const error = found["error"] as { readonly errno?: string; readonly words?: string } | undefined;
    if (error !== undefined)
      throw explainFileError(
        Object.assign(new Error(error.words), { code: error.errno, syscall: "mkdir" }),
        "take the lock",
        `${path}.lock`,
      );
    // Released while it was looked at.
    if (verdict !== "busy" || identity === "") continue;
    const parsed = parseHolder(text);
    const holder = parsed?.directory === identity ? parsed : undefined;
    sighting = sight(sighting, `${identity} ${time}`, { now: performance.now(), staleMs });
    const life = holder === undefined ? "unknown" : await lifeOf(ask, holder, own as unknown as ProcessIdentity);
    if (life === "gone" || (life === "unknown" && sighting.abandoned)) {
      await ask("taking over", { do: "break", identity });
      continue;
    }
    await wait(holder, life === "unknown");
  }
}

/** Whether a process of the host still runs, as far as its record says that it is one. */
async function lifeOf(
  ask: (what: string, more: object) => Promise<Readonly<Record<string, unknown>>>,
  holder: Holder,
  own: ProcessIdentity,
): Promise<"alive" | "gone" | "unknown"> {
  const place = comparePlaces(holder, own);
  if (place !== "here") return place === "before" ? "gone" : "unknown";
  const { state } = await ask("looking at the holder of", { do: "process", pid: holder.pid });
  if (typeof state !== "string" || state === "hidden") return "unknown";
  if (state === "gone") return "gone";
  const found = parseProcessState(state);
  return found.running && found.startTime === holder.startTime ? "alive" : "gone";
}
