import { randomBytes } from "node:crypto";
import { CommandError, UnreachableError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { unreachableError } from "./virsh-errors.ts";
import { createFrames } from "./virsh-frames.ts";
import { listenForReplies, type Reply } from "./virsh-replies.ts";

/** One virsh process that is talked to. */
export interface VirshConversation {
  /** Runs the commands (lines from virshLine) in order, as one exchange. The deadline counts from when virsh turns to it. */
  exchange(commands: readonly string[], timeoutMs: number): Promise<Reply>;
  /** Exchanges asked for and not yet answered. */
  readonly pending: number;
  /** False once virsh has ended: take another. */
  readonly alive: boolean;
  close(): Promise<void>;
}

/** Written ahead of the replies: enough that virsh never waits for us, little enough that nothing piles up. */
const window = 4;

interface Exchange {
  readonly commands: readonly string[];
  readonly timeoutMs: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Starts virsh. Nothing is known of the connection until the first exchange, which fails with an UnreachableError when
 * libvirt cannot be reached and with a CommandError when there is no virsh.
 */
export function openVirsh(host: Host, uri: string): VirshConversation {
  const frames = createFrames(`vf${randomBytes(6).toString("hex")}`);
  // readline: no terminal sequences, nobody's key bindings, and bytes outside ASCII are letters rather than keys.
  const env = { TERM: "dumb", INPUTRC: "/dev/null", LC_ALL: "C.UTF-8" };
  const process = host.open({ program: "virsh", args: ["-q", "-c", uri], env });
  const waiting: Exchange[] = [];
  const written: Exchange[] = [];
  let asked = 0;
  let answered = 0;
  let closed = false;
  let failure: Error | undefined;
  let timer: NodeJS.Timeout | undefined;

  listenForReplies(process, frames, (reply) => {
    written.shift()?.resolve(reply);
    answered += 1;
    clearTimeout(timer);
    timer = undefined;
    advance();
  });
  void process.ended.then(async ({ exitCode }) => {
    clearTimeout(timer);
    closed = true;
    if (waiting.length + written.length === 0) return;
    const error = failure ?? (await whyEnded(exitCode, frames.pendingErrors));
    for (const exchange of [...written.splice(0), ...waiting.splice(0)]) exchange.reject(error);
  });

  function advance(): void {
    while (!closed && written.length < window) {
      const next = waiting.shift();
      if (next === undefined) break;
      written.push(next);
      process.write(frames.request(asked, next.commands));
      asked += 1;
    }
    const first = written[0];
    if (first !== undefined && timer === undefined) timer = setTimeout(() => expire(first), first.timeoutMs);
  }

  function expire(exchange: Exchange): void {
    const commandLine = exchange.commands[0] ?? "";
    const message = `virsh did not answer within ${exchange.timeoutMs / 1000} s: ${commandLine}. libvirtd may hang; look at its log and at \`virsh list\`.`;
    failure = new CommandError({ commandLine, exitCode: undefined, stderr: frames.pendingErrors, reason: "timeout", message });
    closed = true;
    process.kill();
  }

  async function whyEnded(exitCode: number | undefined, said: string): Promise<Error> {
    if (answered > 0)
      return new UnreachableError(`The connection to libvirt at ${uri} was lost: virsh ended${said === "" ? "" : ` (${said.trim()})`}.`);
    if (exitCode !== 1 && said.trim() === "") {
      // Only running it to its end tells a missing program from one that ended.
      const missing = await host.run({ program: "virsh", args: ["--version"], timeoutMs: 30_000 }).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (missing instanceof Error) return missing;
    }
    return unreachableError(uri, said);
  }

  return {
    exchange: (commands, timeoutMs) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(failure ?? new UnreachableError(`The connection to libvirt at ${uri} is closed.`));
        waiting.push({ commands, timeoutMs, resolve, reject });
        advance();
      }),
    get pending() {
      return waiting.length + written.length;
    },
    get alive() {
      return !closed;
    },
    close: async () => {
      if (!closed) await process.close();
    },
  };
}
