import type { Host } from "../model/host.ts";
import { openConversation, runCommand } from "./command.ts";
import { download } from "./download.ts";
import { createLocalFiles } from "./files.ts";
import { withLock } from "./lock.ts";

/** The machine that virtform runs on. */
export function createLocalHost(): Host {
  const ends: (() => Promise<void>)[] = [];
  return {
    name: "this machine",
    run: runCommand,
    open: openConversation,
    files: createLocalFiles(),
    download: (request) => download(request),
    lock: (request, work) => withLock(request, work),
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
