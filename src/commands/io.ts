import { getSystemErrorMessage } from "node:util";
import type { GivenInput } from "../config/variables/given.ts";
import { type UserError, userError } from "../model/errors.ts";
import type { Surroundings } from "../session.ts";
import { type KeptConnections, keptConnections } from "./kept-connections.ts";
import { processSecrets, type Secrets } from "./process-secrets.ts";

/** What a command is given of the process that runs it. */
export interface Io {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly secrets: Secrets;
  /** Values for the variables of the configuration that the command line gives, in order. Absent: none. */
  readonly given?: readonly GivenInput[];
  /** The values of `--host`, in order. Absent: the configuration is for one host. */
  readonly hosts?: readonly string[];
  /** The directory of `-C`, relative to where the command line was given. Absent: there is none. */
  readonly directory?: string;
  /** Connections over ssh that stay after the command. Absent: none does. */
  readonly connections?: KeptConnections;
  /** Opens the machine of a host. Absent: this machine, or the one that the URI names over ssh. */
  readonly openHost?: Surroundings["openHost"];
  /** Aborted, with a UserError as reason, when standard output or standard error cannot be written. A closed pipe does not count. */
  readonly outputFailed: AbortSignal;
  /** Resolves when everything written so far has been written or has failed. */
  readonly settled: () => Promise<void>;
}

/** The streams and the environment of this process, whose output is watched from now on. */
export function processIo(): Io {
  const { stdout, stderr, env } = process;
  const watched = watchOutput([
    { name: "standard output", stream: stdout },
    { name: "standard error", stream: stderr },
  ]);
  return {
    stdout,
    stderr,
    // Opened when it is used: opening a terminal takes time.
    get stdin() {
      return process.stdin;
    },
    env,
    secrets: processSecrets(env),
    connections: keptConnections(env),
    ...watched,
  };
}

function watchOutput(streams: readonly Watched[]): Pick<Io, "outputFailed" | "settled"> {
  const failed = new AbortController();
  for (const { name, stream } of streams)
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // The reader of a pipe has ended (`| head`). An apply must still finish, so the rest of the output is dropped.
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

interface Watched {
  /** For people. */
  readonly name: string;
  readonly stream: NodeJS.WriteStream;
}

function outputFailure(name: string, { errno, code, message }: NodeJS.ErrnoException): UserError {
  const reason = errno === undefined ? message : `${getSystemErrorMessage(errno)} (${code})`;
  return userError(
    "output-failed",
    `Cannot write to ${name}: ${reason}`,
    "The output is incomplete. An apply completes its running actions and starts no others. Free some space or choose another destination, then run the same command again.",
  );
}
