import { randomBytes } from "node:crypto";
import type { Host } from "../../model/host.ts";
import { createFrames } from "./virsh-frames.ts";
import { listenForReplies, type Reply } from "./virsh-replies.ts";

/** Exchanges that one virsh is started with. With 50 uuids each they stay below half of what one argument may hold (128 KiB). */
const together = 20;

/**
 * Runs exchanges in virsh processes of their own, which get them as an argument. A conversation takes two system calls and an
 * echo for each character that it is told, and that is more than a process costs from about 200 commands on. Each reply is
 * given as it comes, undefined for what was not answered, for whatever reason: ask for that in a conversation.
 */
export function runBatch(
  host: Host,
  uri: string,
  exchanges: readonly (readonly string[])[],
  timeoutMs: number,
): Promise<Reply | undefined>[] {
  const replies = exchanges.map(() => Promise.withResolvers<Reply | undefined>());
  const run = async () => {
    for (let start = 0; start < exchanges.length; start += together) {
      const few = exchanges.slice(start, start + together);
      await runOne(host, uri, few, timeoutMs, (index, reply) => replies[start + index]?.resolve(reply));
      for (const { resolve } of replies.slice(start, start + together)) resolve(undefined);
    }
  };
  run().catch(() => replies.forEach(({ resolve }) => void resolve(undefined)));
  return replies.map(({ promise }) => promise);
}

async function runOne(
  host: Host,
  uri: string,
  exchanges: readonly (readonly string[])[],
  timeoutMs: number,
  onReply: (index: number, reply: Reply) => void,
): Promise<void> {
  const frames = createFrames(`vf${randomBytes(6).toString("hex")}`);
  const commands = exchanges.map((commands, number) => frames.argument(number, commands)).join(";");
  const process = host.open({ program: "virsh", args: ["-q", "-c", uri, commands], env: { LC_ALL: "C.UTF-8" } });
  let answered = 0;
  let timer = setTimeout(() => process.kill(), timeoutMs);
  listenForReplies(process, frames, (reply) => {
    onReply(answered, reply);
    answered += 1;
    clearTimeout(timer);
    timer = setTimeout(() => process.kill(), timeoutMs);
  });
  await process.ended;
  clearTimeout(timer);
}
