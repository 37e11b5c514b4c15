import { restartChanges } from "../kinds/guest/restart.ts";
import { userError } from "../model/errors.ts";
import { applyOptions, type CommandDefinition } from "./command.ts";
import { namesAndPaths } from "./names-and-paths.ts";
import { runApply } from "./run-apply.ts";

const { "allow-destroy": _nothingIsLost, target: _named, exclude: _also, ...options } = applyOptions;

/** `virtform restart`: shuts guests down and starts them with their stored definitions. */
export const restart: CommandDefinition = {
  summary: "Restart guests, or those that wait for a restart",
  usage: "[NAME…] [PATH…] [options]",
  description:
    "Shuts running guests of this project down and starts them again, each with its stored definition, which is how changes become active that a running guest cannot take. A guest that does not shut down in time is powered off, if its configuration allows that. Nothing else is changed. Name the guests, or give --pending.",
  options: {
    ...options,
    pending: { type: "boolean", help: "Restart the guests that wait for a restart: of those that are named, or of all." },
  },
  examples: [
    ["virtform restart web-0", "Shows the plan, asks, restarts one guest."],
    ["virtform restart --pending --auto-approve", "For a maintenance window: restarts every guest that waits for it."],
  ],
  run(invocation, io) {
    const { names, paths } = namesAndPaths(invocation);
    const pending = invocation.flag("pending");
    if (names.length === 0 && !pending)
      throw userError(
        "missing-name",
        "Which guests are to be restarted?",
        "Name them (`virtform restart web-0`), or write --pending for those that wait for a restart. `virtform list` shows both.",
      );
    return runApply(invocation, io, {
      command: "restart",
      scope: { paths, names, mode: (names) => ({ do: "only", changes: (observed) => restartChanges(observed, { names, pending }) }) },
    });
  },
};
