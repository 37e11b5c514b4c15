/** A byte stream to a socket of a host, or from a host to a port. */
export interface Channel {
  write(bytes: Uint8Array): void;
  /** Called with bytes as they arrive, which are valid during the call. Set it before the first write. */
  onData: (bytes: Buffer) => void;
  /** Resolves when the stream has ended: with the reason where it was not a plain end. */
  readonly ended: Promise<string | undefined>;
  /** Ends the stream at once. */
  close(): void;
  /** Leaves the end of the stream to the other side. The host waits for it, a second at most, before its connection ends. Absent: it has to be waited for here. */
  leave?(): void;
}

/** The first messages of a client, where the answer to the first is usually the same. The client still writes them, each after the answer to the one before. */
export interface Opening {
  readonly first: Buffer;
  /** The usual answer to the first message. After another one, `second` is not sent. */
  readonly expected: Buffer;
  readonly second: Buffer;
  /** What the client writes after the usual answer to `second`. `bytes` is called when the opening is sent, if it is sent; without any, nothing follows. */
  readonly further?: { readonly expected: Buffer; readonly bytes: () => Buffer };
}

/** Why a socket cannot be opened: it does not exist, has no listener, may not be opened by this user, or anything else. */
export type DialReason = "missing" | "refused" | "denied" | "failed";

/** A socket that cannot be opened. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly reason: DialReason;
  readonly path: string;
  constructor(path: string, reason: DialReason, words: string) {
    super(`${path}: ${words}`);
    this.path = path;
    this.reason = reason;
  }
}

/** By its name, not its class: a host of a library's user may throw an error of another copy of this module. */
export function isDialError(error: unknown): error is DialError {
  return error instanceof Error && error.name === "DialError" && "reason" in error;
}
