import { plan } from "../reconcile.ts";
import { runsOf } from "../runs-of.ts";
import { collection } from "./collection.ts";
import { applyOptions, type CommandDefinition, type Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { openConfigured } from "./open-session.ts";
import { reported } from "./reported.ts";
import { runApply } from "./run-apply.ts";

const { "allow-destroy": _nothingIsLost, ...options } = applyOptions;

/** `virtform gc`: removes what the image cache holds for no disk. */
export const gc: CommandDefinition = {
  summary: "Remove unused base images and leftovers from the image cache",
  usage: "[PATH…] [options]",
  description:
    "Lists the base images and empty disks in the cache that back no disk on the host and that this configuration does not use, whichever project fetched them, with size, age and reason; and files that interrupted fetches left. Asks, and removes them. Every disk of every instance, volume and libvirt domain is examined first; an image that backs any of them is kept. Images can be fetched again; no data is lost.",
  options: {
    ...options,
    "min-age": {
      type: "string",
      value: "TIME",
      help: "Keep base images whose last use is more recent: 30m, 24h, 7d (default 24h). Another project may be about to use them.",
    },
    "dry-run": { type: "boolean", help: "Only list what would be removed." },
  },
  examples: [
    ["virtform gc --dry-run", "Lists what would be removed."],
    ["virtform gc --min-age 7d --auto-approve", "For a scheduled job: removes what is unused and older than a week."],
  ],
  run: (invocation, io) => (invocation.flag("dry-run") ? show(invocation, io) : runApply(invocation, io, { command: "gc" })),
};

function show(invocation: Invocation, io: Io): Promise<number> {
  return reported(invocation, io, { command: "gc" }, async ({ event }) => {
    await using session = await openConfigured(invocation.positionals, io);
    const runs = runsOf(session, {
      targets: invocation.texts("target"),
      exclude: invocation.texts("exclude"),
      mode: ({ config }) => collection(config, invocation.text("min-age")),
    });
    const made = await plan(runs);
    event({ type: "plan", plan: made });
    return made.complete ? 0 : 1;
  });
}
