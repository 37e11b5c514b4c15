import { setTimeout as pause } from "node:timers/promises";
import { RefusedError } from "../model/errors.ts";
import type { Download, Transferred } from "../model/host.ts";
import { interrupted } from "../model/interrupted.ts";
import { withoutCredentials } from "../model/without-credentials.ts";
import { type AddressTurn, takeTurns } from "./address-turn.ts";
import type { Assembled } from "./assembled.ts";
import { givenUp } from "./given-up.ts";
import { TransferError } from "./web/transfer-error.ts";

/** How often and after what pauses a transfer is tried. */
export interface Persistence {
  /** Further attempts after one that brought little new. Progress resets the count. */
  readonly retries: number;
  /** Pause before the first of them; it doubles from one to the next. */
  readonly pauseMs: number;
  /** No pause is longer, whatever the server asks for. */
  readonly maxPauseMs: number;
}

/** What moves the bytes of one file. */
export interface Transport {
  /** Begins the summary of its error: `Cannot download`. */
  readonly cannot: string;
  /** How many bytes are there. */
  bytes(): number | Promise<number>;
  /** Asks an address once; all bytes are there when it ends. Throws a TransferError, or a RefusedError for an answer that must not be used. */
  attempt(asked: URL): Promise<void>;
  /** Completes the file. Throws like `attempt`. */
  finish(): Promise<Pick<Transferred, "bytes" | "digests">>;
  /** Removes all bytes. */
  clear(): Promise<void>;
}

/** Refusals of what has come, rather than of an answer. */
const contentRefusals = new Set(["image-unpack", "image-bomb", "image-too-large"]);

/** Asks the addresses of a file in turn until one of them, or several together, have given it. Throws an error as `givenUp` makes it. */
export async function persist(
  request: Download,
  addresses: readonly URL[],
  assembled: Assembled,
  transport: Transport,
  persistence: Persistence,
): Promise<Transferred> {
  const { retryMs, signal } = request;
  const usualRetries = retryMs === undefined ? persistence.retries + addresses.length - 1 : Number.POSITIVE_INFINITY;
  const retries = request.retries ?? usualRetries;
  const stopped = () => interrupted(`The download of ${withoutCredentials(request.url)}`);
  const turn = takeTurns(addresses, await transport.bytes(), { retries, retryMs, now: () => performance.now() });
  for (;;) {
    const { address } = turn;
    try {
      await transport.attempt(address);
      const done = await transport.finish();
      const mismatch = assembled.mismatch(done.digests);
      if (mismatch === undefined) return { ...done, ...assembled.origin(address) };
      await startOver(assembled, transport, turn);
      throw mismatch;
    } catch (error) {
      if (signal?.aborted === true) throw stopped();
      const failure = await failureOf(error);
      if (failure === undefined) throw error;
      const { again, hint, waitMs } = failure;
      const reason = { address, because: failure.message, again, status: failure.status, cause: error };
      if (!turn.failed(reason, await transport.bytes()))
        throw givenUp(request, transport.cannot, turn, hint, error instanceof RefusedError ? error : undefined);
      const because = addresses.length === 1 ? failure.message : `${address.host}: ${failure.message}`;
      request.onRetry?.({ attempt: turn.failures + 1, because, ...(Number.isFinite(retries) ? { of: retries + 1 } : {}) });
      if (!again) continue;
      const wait = pauseBefore(turn.failures, waitMs, persistence, Math.random());
      await pause(wait, undefined, signal === undefined ? {} : { signal }).catch(() => {
        throw stopped();
      });
    }
  }

  /** A failure after which another attempt, or another address, may succeed. What cannot be used of the bytes so far is removed. */
  async function failureOf(error: unknown): Promise<TransferError | undefined> {
    if (error instanceof TransferError) return error;
    // What one server sends must not be used; another one may send what it should.
    if (!(error instanceof RefusedError) || request.expected === undefined || addresses.length === 1) return undefined;
    const { mixed } = assembled;
    const isContent = contentRefusals.has(error.code);
    if (isContent) await startOver(assembled, transport, turn);
    return new TransferError(error.summary, { again: isContent && mixed, hint: error.detail, cause: error });
  }
}

async function startOver(assembled: Assembled, transport: Transport, turn: AddressTurn): Promise<void> {
  await transport.clear();
  assembled.startOver();
  turn.restarted();
}

/** Milliseconds to wait before the given retry, counted from one. `chance` (0 to 1) keeps many hosts from coming back all at once. */
export function pauseBefore(
  retry: number,
  askedMs: number | undefined,
  { pauseMs, maxPauseMs }: Pick<Persistence, "pauseMs" | "maxPauseMs">,
  chance: number,
): number {
  const own = pauseMs * 2 ** (retry - 1) * (0.5 + chance / 2);
  return Math.min(maxPauseMs, Math.max(own, askedMs ?? 0));
}
