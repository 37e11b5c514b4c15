import { createReadStream } from "node:fs";
import { Writable } from "node:stream";
import type { Io } from "../../../../src/commands/io.ts";
import type { Result } from "../../support/program.ts";
import { builtProgram } from "./built-program.ts";

let isRunning = false;

/** Whether a command line can run in this process: one at a time, since it changes the working directory. */
export const isFree = () => !isRunning;

/**
 * Runs a command line with the built program in this process, in a directory, as a pipeline does: no terminal, nothing to read. It costs
 * less than half of the CPU time of a process of its own, which loads and compiles everything again. Kills, signals, terminals and other
 * environments need such a process. `variables` are added to the environment; undefined takes away.
 */
export async function inProcess(
  args: readonly string[],
  directory: string,
  variables: Readonly<Record<string, string | undefined>> = {},
): Promise<Result> {
  // Before anything is waited for: of two callers at a time only one finds it free.
  if (isRunning) throw new Error("a command line runs in this process already");
  isRunning = true;
  const before = process.cwd();
  try {
    return await runIn(directory, args, variables);
  } finally {
    process.chdir(before);
    isRunning = false;
  }
}

async function runIn(directory: string, args: readonly string[], variables: Readonly<Record<string, string | undefined>>): Promise<Result> {
  const { NO_COLOR: _plain, FORCE_COLOR: _color, NODE_TEST_CONTEXT: _test, ...inherited } = process.env;
  const env = Object.fromEntries(
    Object.entries({ ...inherited, CI: "1", LC_ALL: "C", ...variables }).filter(([, value]) => value !== undefined),
  );
  const { main, processSecrets } = await builtProgram();
  const [stdout, stderr] = [collected(), collected()];
  const io: Io = {
    stdout: stdout.stream,
    stderr: stderr.stream,
    get stdin() {
      return createReadStream("/dev/null") as unknown as NodeJS.ReadStream;
    },
    env,
    secrets: processSecrets(env),
    outputFailed: new AbortController().signal,
    settled: async () => {},
  };
  process.chdir(directory);
  return { code: await main(args, io), signal: null, stdout: stdout.text(), stderr: stderr.text() };
}

function collected(): { readonly stream: NodeJS.WriteStream; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream: stream as NodeJS.WriteStream, text: () => Buffer.concat(chunks).toString("utf8") };
}
