import { applyOptions, type CommandDefinition } from "./command.ts";
import { runApply } from "./run-apply.ts";

/** `virtform destroy`: remove what this project owns. */
export const destroy: CommandDefinition = {
  summary: "Remove what this configuration owns",
  usage: "[PATH…] [options]",
  description:
    "Removes every instance of the configuration's project with its disks. Base images stay in the cache unless --images is given, and one that any disk still stands on stays in any case. What is not this project's is not touched.",
  options: {
    ...applyOptions,
    images: { type: "boolean", help: "Remove base images of this project and unused empty disks as well." },
  },
  examples: [
    ["virtform destroy", "Shows what would go, asks, removes it."],
    ["virtform destroy --auto-approve --allow-destroy", "For a pipeline that tears a test bed down."],
  ],
  run: (invocation, io) => runApply(invocation, io, { command: "destroy" }),
};
