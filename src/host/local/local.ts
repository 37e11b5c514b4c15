import type { Host } from "../../model/host.ts";
import { openConversation } from "./conversation.ts";
import { dialSocket, localAccount } from "./dial.ts";
import { createLocalFiles } from "./files.ts";

/** The machine that virtform runs on. What a plan does not need is loaded when it is used: running a program needs execa, and HTTP alone takes longer than a small plan. */
export function createLocalHost(): Host {
  const ends: (() => Promise<void>)[] = [];
  return {
    name: "this machine",
    run: async (command) => (await import("./command.ts")).runCommand(command),
    open: openConversation,
    dial: dialSocket,
    account: async () => localAccount(),
    files: createLocalFiles(),
    download: async (request) => (await import("../web/download.ts")).download(request),
    lock: async (request, work) => (await import("./lock.ts")).withLock(request, work),
    now: () => new Date(),
    onClose(end) {
      ends.push(end);
    },
    async close() {
      await using stack = new AsyncDisposableStack();
      for (const end of ends.splice(0)) stack.defer(end);
    },
  };
}
