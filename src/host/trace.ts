import { closeSync, openSync, writeSync } from "node:fs";
import { errorMessage } from "../model/errors.ts";
import type { Command, Host } from "../model/host.ts";

/** Writes one line of a trace. */
export type Trace = (line: string) => void;

/**
 * Opens a trace: `1` means `standard`, anything else a file, which is appended to and readable by its owner only. Throws the system's
 * error when the file cannot be opened. A trace that cannot be continued, because its disk is full, ends with one line to `standard`: what is traced goes on.
 */
export function openTrace(target: string, standard: Trace): Trace & Disposable {
  if (target === "1") return Object.assign((line: string) => standard(line), { [Symbol.dispose]: () => undefined });
  const file = openSync(target, "a", 0o600);
  let failed = false;
  const write = (line: string) => {
    if (failed) return;
    try {
      writeSync(file, line);
    } catch (error) {
      failed = true;
      standard(`The trace in ${target} is incomplete: ${errorMessage(error)}\n`);
    }
  };
  return Object.assign(write, { [Symbol.dispose]: () => closeSync(file) });
}

/**
 * The same host, with a line for each program that runs there, each connection that is opened, and each libvirt call: when it ended, how
 * long it took, what it was. Arguments are shown, input and environment are not: secrets travel there only.
 */
export function traceHost(host: Host, write: Trace): Host {
  const tell = (what: string, milliseconds: number) => {
    // Control characters would let a name forge lines.
    const text = what.replaceAll(/\p{Cc}/gu, " ").slice(0, 500);
    write(`${new Date().toISOString()} ${milliseconds.toFixed(1).padStart(8)} ms ${text}\n`);
  };
  async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const end = (how: string) => tell(`${what}: ${how}`, performance.now() - started);
    try {
      const result = await work();
      end("ok");
      return result;
    } catch (error) {
      end(error instanceof Error ? error.message : "failed");
      throw error;
    }
  }
  const words = ({ program, args }: Pick<Command, "program" | "args">) => [program, ...args].join(" ");
  return {
    ...host,
    onTrace: tell,
    run: (command) => timed(`run ${words(command)}`, () => host.run(command)),
    dial: (path, opening) => timed(`connect ${path}`, () => host.dial(path, opening)),
    open(command) {
      const started = performance.now();
      const conversation = host.open(command);
      void conversation.ended.then(({ exitCode }) =>
        tell(`talk to ${words(command)}: ${exitCode ?? "no exit code"}`, performance.now() - started),
      );
      return conversation;
    },
  };
}
