import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { LockRequest } from "../../model/host.ts";
import { explainFileError } from "../file-error.ts";
import { compromised, interrupted } from "../lock-errors.ts";
import { type Holder, parseHolder } from "../lock-holder.ts";
import { createLockWait, type Sighting, sight } from "../lock-wait.ts";
import { comparePlaces, type ProcessIdentity, parseProcessState } from "../process-identity.ts";
import type { SshConnection } from "./connection.ts";
import type { SshHelper } from "./helper.ts";
import { connectionLost } from "./trouble.ts";

/*
 * The same lock as on this machine (local/lock.ts): the directory `<path>.lock`, with a record of its holder beside it, so that
 * virtform on the host itself and virtform over ssh exclude each other. The holder is the helper program on the host, which renews
 * the lock as long as virtform sends beats: when virtform dies or the connection breaks, it releases the lock; when the helper is killed, the
 * lock of a dead process is taken over.
 */

const staleMs = 10_000;
/** One look at the lock, or its release. */
const answerMs = 60_000;

/** Runs `work` while the helper holds the lock. A lost connection loses the lock, and is an UnreachableError once `work` has ended. */
export async function lockOverSsh<T>(
  { connection, helper, name }: { readonly connection: SshConnection; readonly helper: SshHelper; readonly name: string },
  request: LockRequest,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const lock = randomBytes(12).toString("hex");
  const lost = new AbortController();
  const unwatch = helper.watch(lock, (event) =>
    lost.abort(event === "lost" ? compromised(request) : (connection.lost ?? connectionLost(name))),
  );
  try {
    await acquire(helper, request, lock);
    let result: T;
    try {
      result = await work(lost.signal);
    } catch (error) {
      if (!lost.signal.aborted) await release(helper, request, lock);
      lost.signal.throwIfAborted();
      throw error;
    }
    lost.signal.throwIfAborted();
    if (!(await release(helper, request, lock))) throw compromised(request);
    return result;
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

async function acquire(helper: SshHelper, request: LockRequest, lock: string): Promise<void> {
  const { path } = request;
  const ask = asking(helper, path);
  // The process is one of the host; the purpose names the machine behind it.
  const record = { purpose: `${request.purpose}, over ssh from ${hostname()}`, since: new Date().toISOString() };
  const wait = createLockWait(request, staleMs);
  let sighting: Sighting | undefined;
  for (;;) {
    if (request.signal?.aborted === true) throw interrupted(request);
    const found = await ask("taking", { do: "try", lock, record, file: request.withFile === true });
    const { verdict, identity = "", time = "", record: text = "", own } = found as Readonly<Record<string, string>>;
    if (verdict === "held") return;
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
