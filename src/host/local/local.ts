import { dirname } from "node:path/posix";
import type { Command, Conversation, Host } from "../../model/host.ts";
import { dialPort, dialSocket, localAccount } from "./dial.ts";
import { createLocalFiles } from "./files.ts";

/** The machine that virtform runs on. What a plan may not need is loaded on first use: running
 * programs and HTTP take longer to load than a small plan. */
export function createLocalHost(): Host {
  const ends: (() => Promise<void>)[] = [];
  const files = createLocalFiles();
  return {
    name: "this machine",
    run: async (command) => (await import("./command.ts")).runCommand(command),
    open: openWhenLoaded,
    dial: dialSocket,
    connect: dialPort,
    account: async () => localAccount(),
    files,
    download: async (request) => (await import("../web/download.ts")).download(request),
    unpack: async (request) => (await import("./unpack.ts")).unpackFile(request),
    async lock(request, work) {
      await files.makeDirectory(dirname(request.path));
      return (await import("./lock.ts")).withLock(request, work);
    },
    isLocked: async (path) => (await import("./is-locked.ts")).isLocked(path),
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

/** A conversation whose program starts as soon as the code that starts programs is loaded. What is written until then is kept. */
function openWhenLoaded(command: Pick<Command, "program" | "args" | "env">): Conversation {
  const opened = import("./command.ts").then(({ openConversation }) => {
    const real = openConversation(command);
    real.onOutput = (text) => conversation.onOutput(text);
    real.onError = (text) => conversation.onError(text);
    return real;
  });
  const conversation: Conversation = {
    write: (text) => void opened.then((real) => real.write(text)),
    onOutput: () => {},
    onError: () => {},
    ended: opened.then((real) => real.ended),
    close: async () => (await opened).close(),
    kill: () => void opened.then((real) => real.kill()),
  };
  return conversation;
}
