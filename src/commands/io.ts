import { getSystemErrorMessage } from "node:util";
import { type UserError, userError } from "../model/errors.ts";

/** What a command is given of the process that runs it. */
export interface Io {
  /** Aborted, with a UserError as reason, when standard output or standard error cannot be written. A closed pipe does not count. */
  readonly outputFailed: AbortSignal;
}

/** Watches the output of this process. `settled` resolves when everything written so far has been written or has failed. */
export function watchOutput(streams: readonly Watched[]): Io & { readonly settled: () => Promise<void> } {
  const failed = new AbortController();
  for (const { name, stream } of streams)
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // The reader of a pipe has ended (`| head`). That is no reason to leave a host half changed: the rest of the output is dropped.
      if (error.code !== "EPIPE" && !failed.signal.aborted) failed.abort(outputFailure(name, error));
    });
  return {
    outputFailed: failed.signal,
    async settled() {
      await Promise.all(streams.map(({ stream }) => new Promise((resolve) => stream.write("", resolve))));
      // Streams report errors in the next tick.
      await new Promise(setImmediate);
    },
  };
}

/** A stream with the name that people give it. */
export interface Watched {
  readonly name: string;
  readonly stream: NodeJS.WritableStream;
}

function outputFailure(name: string, { errno, code, message }: NodeJS.ErrnoException): UserError {
  const reason = errno === undefined ? message : `${getSystemErrorMessage(errno)} (${code})`;
  return userError(
    "output-failed",
    `Cannot write to ${name}: ${reason}`,
    "The output is incomplete. Actions that were running have been finished, and no new ones were started. Free some space or choose another destination, then run the same command again.",
  );
}
