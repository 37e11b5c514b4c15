import { setTimeout as wait } from "node:timers/promises";
import { addressKind, addressName } from "../model/address.ts";
import { closest } from "../model/closest.ts";
import { userError } from "../model/errors.ts";
import { instanceFiles } from "../model/layout.ts";
import { type CommandDefinition, hostOptions } from "./command.ts";
import { openSession } from "./session.ts";
import { survey } from "./survey.ts";

const chunk = 1 << 20;
const pollMs = 250;

/** `virtform console NAME`: what the guest has written to its serial console. */
export const console: CommandDefinition = {
  summary: "An instance's console log",
  usage: "NAME [PATH…] [options]",
  description: "Prints what the guest has written to its first serial port since it was last started. With --follow goes on until Ctrl-C.",
  options: { ...hostOptions, follow: { type: "boolean", short: "f", help: "Keep printing what comes." } },
  examples: [
    ["virtform console web-0", "What web-0 has said so far."],
    ["virtform console -f web-0", "And what it says from now on."],
  ],
  async run(invocation) {
    const [name, ...paths] = invocation.positionals;
    if (name === undefined)
      throw userError("missing-name", "Which instance?", "Usage: virtform console NAME [PATH…]. `virtform list` shows the names.");
    await using session = await openSession(paths);
    const { objects } = await survey(session);
    const domains = objects.filter(({ address }) => addressKind(address) === "domain");
    const domain = domains.find(({ address }) => addressName(address) === name);
    if (domain === undefined) {
      const near = closest(
        name,
        domains.map(({ address }) => addressName(address)),
      );
      throw userError(
        "not-found",
        `No instance is called ${name}`,
        near === undefined ? "`virtform list` shows the names." : `Did you mean ${near}?`,
      );
    }
    const { files } = session.context.host;
    const path = session.context.layout.instanceFile((domain.state as { uuid: string }).uuid, instanceFiles.console);
    using stopped = untilNobodyReads();
    for (let offset = 0; ; ) {
      const content = await files.read(path, { offset, length: chunk });
      if (content === undefined)
        throw userError(
          "no-console",
          `${name} has no console log yet`,
          `${path} does not exist; it appears when the guest is first started.`,
        );
      process.stdout.write(content);
      offset += content.length;
      if (content.length > 0) continue;
      if (!invocation.flag("follow") || stopped.signal.aborted) return 0;
      await wait(pollMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      const stat = await files.stat(path);
      if (stat !== undefined && stat.size < offset) offset = 0;
    }
  },
};

/** Ctrl-C, or the end of whoever the output goes to. */
function untilNobodyReads(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once("SIGINT", stop);
  process.stdout.once("error", stop);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off("SIGINT", stop);
      process.stdout.off("error", stop);
    },
  };
}
