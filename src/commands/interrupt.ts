/** The user's wish to stop: once for "finish what runs", twice for "now". */
export interface Interrupt extends Disposable {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  /** Counts one press of Ctrl-C, from a signal or from the terminal interface. */
  press(): void;
}

/** One press reaches a program twice where a wrapper (npx, sudo, an older Node) passes on what the terminal has sent to all. */
const samePressMs = 100;
/** What has not stopped by then is left: nothing half-made is trusted, however it ends. */
const patienceMs = 5_000;

/** Listens to SIGINT and SIGTERM until disposed. `onStop` is called at the first of them. */
export function listenForInterrupt(onStop: () => void): Interrupt {
  const stop = new AbortController();
  const abort = new AbortController();
  let last = Number.NEGATIVE_INFINITY;
  const press = () => {
    const now = performance.now();
    if (now - last < samePressMs) return;
    last = now;
    if (stop.signal.aborted) {
      abort.abort(new Error("stopped at once, as asked"));
      setTimeout(leave, patienceMs).unref();
      return;
    }
    stop.abort();
    onStop();
  };
  process.on("SIGINT", press);
  process.on("SIGTERM", press);
  return {
    stop: stop.signal,
    abort: abort.signal,
    press,
    [Symbol.dispose]() {
      // Whoever has pressed once may press again while the process is ending in order: that shall not turn it into a crash.
      if (stop.signal.aborted) return;
      process.off("SIGINT", press);
      process.off("SIGTERM", press);
    },
  };
}

function leave(): void {
  process.stderr.write("Something that runs does not stop: left as it is. Run the same command again: it looks at everything anew.\n");
  process.exit(1);
}
