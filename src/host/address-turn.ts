/** An attempt that failed. */
export interface AttemptFailure {
  readonly address: URL;
  readonly because: string;
  /** The same request may succeed later. Otherwise the address is not asked again. */
  readonly again: boolean;
  /** The status that the server answered with. */
  readonly status?: number | undefined;
  readonly cause: unknown;
}

/** How long a transfer is tried. */
export interface TurnLimits {
  /** Further attempts after one that brought little new. */
  readonly retries: number;
  /** Milliseconds after the last time that something new came, after which no attempt is made. Default: no limit. */
  readonly retryMs?: number | undefined;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/** Which of several addresses of the same bytes is asked, and how often. */
export interface AddressTurn {
  /** The address that is asked next. */
  readonly address: URL;
  /** Attempts in a row that brought little new. */
  readonly failures: number;
  /** The last failure of each address, in the order in which they failed. */
  readonly reasons: readonly AttemptFailure[];
  /** Counts a failed attempt, after which `bytes` are there, and turns to the next address. False: no further attempt is made. */
  failed(failure: AttemptFailure, bytes: number): boolean;
  /** All bytes were removed, because they are not those that are wanted: what comes now is progress again. At most once for each address. */
  restarted(): void;
}

/** An attempt that brings less is no progress, so that a server cannot keep a transfer going with a few bytes each time. */
const progressBytes = 64 * 1024;

/** Starts at the first of `addresses`, with `bytes` that are there already. */
export function takeTurns(
  addresses: readonly URL[],
  bytes: number,
  { retries, retryMs = Number.POSITIVE_INFINITY, now }: TurnLimits,
): AddressTurn {
  const left = [...addresses];
  const reasons = new Map<string, AttemptFailure>();
  let index = 0;
  let failures = 0;
  let best = bytes;
  let progressAt = now();
  return {
    get address() {
      return left[index % left.length] as URL;
    },
    get failures() {
      return failures;
    },
    get reasons() {
      return [...reasons.values()];
    },
    failed(failure, bytesNow) {
      const progress = bytesNow >= best + progressBytes;
      failures = progress ? 1 : failures + 1;
      if (progress) progressAt = now();
      best = Math.max(best, bytesNow);
      reasons.delete(failure.address.href);
      reasons.set(failure.address.href, failure);
      const place = index % left.length;
      if (!failure.again && left.length === 1) return false;
      if (failure.again) index = place + 1;
      else {
        left.splice(place, 1);
        index = place;
      }
      return failures <= retries && now() - progressAt <= retryMs;
    },
    restarted() {
      best = 0;
      progressAt = now();
    },
  };
}
