import type { Context } from "../../model/context.ts";
import type { Digests, Transferred } from "../../model/host.ts";

/** The digests of what was published. Disposing of it stops their computation. */
export interface PublishedDigests extends Disposable {
  /** They are known. */
  readonly isKnown: boolean;
  /** Waits for them. */
  get(): Promise<Digests>;
}

/** The digests of the transfer. Those of a file that is used in its place, and has none yet, begin to be computed. */
export function publishedDigests({ host, signal }: Pick<Context, "host" | "signal">, { digests, place }: Transferred): PublishedDigests {
  if (place === undefined || digests.sha256 !== undefined) {
    return { isKnown: true, get: async () => digests, [Symbol.dispose]: () => undefined };
  }
  const stop = new AbortController();
  const computed = host.files.digest(place.path, ["sha256"], undefined, AbortSignal.any([stop.signal, signal]));
  // Thrown by `get`; an error of the conversion comes first.
  computed.catch(() => undefined);
  return { isKnown: false, get: () => computed, [Symbol.dispose]: () => stop.abort() };
}
