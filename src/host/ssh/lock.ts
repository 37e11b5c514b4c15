import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { UnreachableError } from "../../model/errors.ts";
import type { LockRequest } from "../../model/host.ts";
import { compromised, interrupted } from "../lock-errors.ts";
import { type Holder, parseHolder } from "../lock-holder.ts";
import { createLockWait, type Sighting, sight } from "../lock-wait.ts";
import { comparePlaces, type ProcessIdentity, parseProcessState } from "../process-identity.ts";
import type { SshConnection } from "./connection.ts";
import { remoteFileError } from "./file-error.ts";
import { shellLibrary } from "./library.ts";
import { connectionLost } from "./trouble.ts";

/*
 * The same lock as on this machine (lock.ts): the directory `<path>.lock`, with a record of its holder beside it, so that
 * somebody who runs virtform on the host itself and somebody who comes by ssh exclude each other. Its holder is a shell on
 * the host that lives as long as our channel does and renews the lock as long as it hears from us: when we die, when the
 * connection breaks, the shell gives the lock back; when the shell is killed, the lock of a dead process is taken over.
 */

/** How often the holder hears from us. It gives up after 90 s of silence, a program that it started after 60 s. */
const beatMs = 2_500;
const staleMs = 10_000;
/** One look at the lock, and the release of it. */
const answerMs = 60_000;
/** How long the shell may take to end after its input has. */
const closeMs = 10_000;

/** Runs `work` while a shell on the host holds the lock. A lost connection loses the lock, and is an UnreachableError once `work` has ended. */
export async function lockOverSsh<T>(
  connection: SshConnection,
  name: string,
  request: LockRequest,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const keeper = await openKeeper(connection, name, request.path);
  const lost = new AbortController();
  try {
    await acquire(keeper, request);
    keeper.onEnd = () => lost.abort(connection.lost ?? (keeper.said("lost") ? compromised(request) : connectionLost(name)));
    const beat = setInterval(() => keeper.send("b"), beatMs);
    try {
      const result = await work(lost.signal).catch((error: unknown) => {
        lost.signal.throwIfAborted();
        throw error;
      });
      lost.signal.throwIfAborted();
      keeper.onEnd = () => undefined;
      if ((await keeper.ask("r"))[0] !== "released") throw compromised(request);
      return result;
    } finally {
      clearInterval(beat);
    }
  } finally {
    await keeper.close();
  }
}

interface Keeper {
  /** The shell that will hold the lock. */
  readonly self: ProcessIdentity;
  /** One question, answered in lines. */
  ask(question: string): Promise<string[]>;
  send(text: string): void;
  /** Whether it said so when it ended by itself. */
  said(word: string): boolean;
  onEnd: () => void;
  close(): Promise<void>;
}

async function openKeeper(connection: SshConnection, name: string, path: string): Promise<Keeper> {
  const nonce = randomBytes(16).toString("hex");
  const channel = await connection.start(`${shellLibrary}\nnonce=$2\nlock "$1"`, [path, nonce], "a shell that holds the lock");
  let text = "";
  let errors = "";
  let waiting: { readonly resolve: (lines: string[]) => void; readonly reject: (error: Error) => void } | undefined;
  let over = false;
  let failure: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  const gone = new Promise<void>((resolve) => channel.onClose(() => resolve()));
  const answer = () => {
    const end = text.indexOf(`${nonce}\n`);
    if (end === -1 || waiting === undefined) return;
    const { resolve } = waiting;
    waiting = undefined;
    clearTimeout(timer);
    const lines = text.slice(0, end).split("\n").slice(0, -1);
    text = text.slice(end + nonce.length + 1);
    resolve(lines);
  };
  channel.stdout.setEncoding("utf8").on("data", (more: string) => {
    text += more;
    answer();
  });
  channel.stderr.setEncoding("utf8").on("data", (more: string) => {
    errors = (errors + more).slice(-4000);
  });
  const next = () =>
    new Promise<string[]>((resolve, reject) => {
      waiting = { resolve, reject };
      answer();
      if (over && waiting !== undefined) return reject(whyOver());
      timer = setTimeout(() => {
        failure = new UnreachableError(
          `${name} did not answer within ${answerMs / 1000} s while the lock ${path} was taken or released. A filesystem there may hang; check the kernel log of the host (dmesg).`,
        );
        channel.kill();
      }, answerMs);
    });
  const whyOver = () => connection.lost ?? channel.failure ?? failure ?? connectionLost(name, errors);
  channel.onClose(() => {
    over = true;
    clearTimeout(timer);
    waiting?.reject(whyOver());
    keeper.onEnd();
  });
  const keeper = {
    onEnd: () => {},
    send(more: string) {
      if (channel.stdin.writable) channel.stdin.write(more);
    },
    ask(question: string) {
      keeper.send(question);
      return next();
    },
    said: (word: string) => text.startsWith(`${word}\n`),
    async close() {
      channel.stdin.end();
      const late = setTimeout(() => channel.kill(), closeMs);
      await gone;
      clearTimeout(late);
    },
  };
  const [pid = "", stat = "", hostName = "", machineId = "", bootId = "", pidNamespace = ""] = await next();
  const self = { pid: Number(pid), startTime: parseProcessState(stat).startTime, hostName, machineId, bootId, pidNamespace };
  return Object.assign(keeper, { self });
}

async function acquire(keeper: Keeper, request: LockRequest): Promise<void> {
  // The process is one of the host's; who sits behind it is said in words.
  const purpose = `${request.purpose}, over ssh from ${hostname()}`;
  const record = `${JSON.stringify({ ...keeper.self, purpose, since: new Date().toISOString() }).slice(0, -1)},`;
  const wait = createLockWait(request, staleMs);
  let sighting: Sighting | undefined;
  for (;;) {
    if (request.signal?.aborted === true) throw interrupted(request);
    const [verdict, state = "", ...rest] = await keeper.ask(`try ${record}\n`);
    if (verdict === "held") return;
    if (verdict !== "busy") throw remoteFileError(state, "take the lock", `${request.path}.lock`);
    const [identity = ""] = state.split(" ");
    // Gone while it was looked at.
    if (identity === "") continue;
    const parsed = parseHolder(rest.join("\n"));
    const holder = parsed?.directory === identity ? parsed : undefined;
    sighting = sight(sighting, state, { now: performance.now(), staleMs });
    const life = holder === undefined ? "unknown" : await lifeOf(keeper, holder);
    if (life === "gone" || (life === "unknown" && sighting.abandoned)) {
      await keeper.ask(`break ${identity}\n`);
      continue;
    }
    await wait(holder, life === "unknown");
  }
}

/** Whether a process of the host's still runs, as far as its record says that it is one. */
async function lifeOf(keeper: Keeper, holder: Holder): Promise<"alive" | "gone" | "unknown"> {
  const place = comparePlaces(holder, keeper.self);
  if (place !== "here") return place === "before" ? "gone" : "unknown";
  const [stat = "hidden"] = await keeper.ask(`process ${holder.pid}\n`);
  if (stat === "gone") return "gone";
  if (stat === "hidden") return "unknown";
  const found = parseProcessState(stat);
  return found.running && found.startTime === holder.startTime ? "alive" : "gone";
}
