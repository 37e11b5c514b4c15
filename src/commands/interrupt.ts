/** The user's wish to stop: once for "finish what runs", twice for "now". */
export interface Interrupt extends Disposable {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  /** Counts one press of Ctrl-C, from a signal or from the terminal interface. */
  press(): void;
}

/** Listens to SIGINT and SIGTERM until disposed. `onStop` is called at the first of them. */
export function listenForInterrupt(onStop: () => void): Interrupt {
  const stop = new AbortController();
  const abort = new AbortController();
  const press = () => {
    if (stop.signal.aborted) {
      abort.abort(new Error("stopped at once, as asked"));
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
      process.off("SIGINT", press);
      process.off("SIGTERM", press);
    },
  };
}
