import type { Host } from "../../model/host.ts";
import { openConversation, runCommand } from "./command.ts";
import { dialSocket, localAccount } from "./dial.ts";
import { createLocalFiles } from "./files.ts";

/** The machine that virtform runs on. What only an apply needs is loaded when it does: HTTP alone takes longer than a small plan. */
export function createLocalHost(): Host {
  const ends: (() => Promise<void>)[] = [];
  return {
    name: "this machine",
    run: runCommand,
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
