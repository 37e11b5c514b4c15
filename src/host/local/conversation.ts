import { spawn } from "node:child_process";
import type { Command, Conversation } from "../../model/host.ts";
import { commandEnvironment } from "../command-line.ts";

/** How long a program may take to end after the end of its input, and after a request to end. */
const farewellMs = 10_000;
const forceMs = 5000;

/** Starts a program to talk to. One that does not exist ends at once, without an exit code. */
export function openConversation(command: Pick<Command, "program" | "args" | "env">): Conversation {
  // A process group: the interrupt key reaches only virtform, and what the program started is stopped with it.
  const child = spawn(command.program, command.args, {
    env: commandEnvironment(process.env, command.env),
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const ended = Promise.withResolvers<{ readonly exitCode: number | undefined }>();
  child.once("error", () => ended.resolve({ exitCode: undefined }));
  child.once("close", (code) => ended.resolve({ exitCode: code ?? undefined }));
  // It may end before it has read everything; that shows in how it ended.
  child.stdin.on("error", () => undefined);
  const stop = (signal: NodeJS.Signals) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It ended meanwhile.
    }
  };
  const kill = () => {
    stop("SIGTERM");
    const timer = setTimeout(() => stop("SIGKILL"), forceMs);
    void ended.promise.then(() => clearTimeout(timer));
  };
  const conversation: Conversation = {
    onOutput: () => undefined,
    onError: () => undefined,
    ended: ended.promise,
    write(text) {
      if (child.stdin.writable) child.stdin.write(text);
    },
    async close() {
      child.stdin.end();
      const timer = setTimeout(kill, farewellMs);
      await ended.promise;
      clearTimeout(timer);
    },
    kill,
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => conversation.onOutput(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => conversation.onError(text));
  return conversation;
}
