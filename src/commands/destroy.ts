import { applyOptions, type CommandDefinition, takeOverOptions } from "./command.ts";
import { runApply } from "./run-apply.ts";

/** `virtform destroy`: remove what this project owns. */
export const destroy: CommandDefinition = {
  summary: "Remove the objects of this project",
  usage: "[PATH…] [options]",
  description:
    "Removes all instances and volumes of the project with their disks. Base images stay in the cache unless --images is given; a base image that backs any disk is always kept. Objects of other owners are not changed.",
  options: {
    ...applyOptions,
    ...takeOverOptions,
    images: { type: "boolean", help: "Also remove base images of this project and unused empty disks." },
  },
  examples: [
    ["virtform destroy", "Lists the objects, asks, removes them."],
    ["virtform destroy --auto-approve --allow-destroy", "For a pipeline that removes a test environment."],
  ],
  run: (invocation, io) => runApply(invocation, io, { command: "destroy" }),
};
