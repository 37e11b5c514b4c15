import { userError } from "../model/errors.ts";

/** The user's wish to stop: once for "finish running actions", twice for "now". */
export interface Interrupt extends Disposable {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  /** Counts one press of Ctrl-C, from a signal or from the terminal interface. */
  press(): void;
}

/** A wrapper (npx, sudo, an older Node) forwards the signal that the terminal has sent to all processes, so one press arrives twice. */
const samePressMs = 100;
/** How long an action may take to end after the second press. */
const abortTimeoutMs = 5_000;

/**
 * Listens to SIGINT, SIGTERM and SIGHUP, and to output that fails, until disposed. `onStop` is called at the first of them. A terminal
 * that closes sends SIGHUP more than once and fails to take output as well, so these two never count as a second press.
 */
export function listenForInterrupt(onStop: () => void, outputFailed?: AbortSignal): Interrupt {
  const stop = new AbortController();
  const abort = new AbortController();
  let last = Number.NEGATIVE_INFINITY;
  const stopOnce = () => {
    if (stop.signal.aborted) return;
    last = performance.now();
    stop.abort();
    onStop();
  };
  const press = () => {
    const now = performance.now();
    if (now - last < samePressMs) return;
    last = now;
    if (!stop.signal.aborted) return stopOnce();
    abort.abort(
      userError(
        "stopped",
        "Stopped at once, as asked",
        "Actions that had started may be half done. Run the same command again: it goes on from the state of the host.",
      ),
    );
    setTimeout(leave, abortTimeoutMs).unref();
  };
  process.on("SIGINT", press);
  process.on("SIGTERM", press);
  process.on("SIGHUP", stopOnce);
  if (outputFailed?.aborted === true) stopOnce();
  outputFailed?.addEventListener("abort", stopOnce, { once: true });
  return {
    stop: stop.signal,
    abort: abort.signal,
    press,
    [Symbol.dispose]() {
      // A further press while the process ends in order must not kill it.
      if (stop.signal.aborted) return;
      process.off("SIGINT", press);
      process.off("SIGTERM", press);
      process.off("SIGHUP", stopOnce);
      outputFailed?.removeEventListener("abort", stopOnce);
    },
  };
}

function leave(): void {
  process.stderr.write("An action did not stop in time and was left running. Run the same command again: virtform reads the host again.\n");
  process.exit(1);
}
