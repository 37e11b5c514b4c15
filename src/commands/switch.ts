import { switchChanges } from "../kinds/guest/switch.ts";
import { userError } from "../model/errors.ts";
import { applyOptions, type CommandDefinition } from "./command.ts";
import { namesAndPaths } from "./names-and-paths.ts";
import { runApply } from "./run-apply.ts";

const { "allow-destroy": _nothingIsLost, target: _named, ...options } = applyOptions;

/** `virtform start`: starts guests that are off. */
export const start = switching("start", "running", {
  summary: "Start guests",
  description:
    "Starts guests of this project that are off, each with its stored definition. Nothing else is changed, not even the configuration: with `power_state: stopped`, the next apply shuts the guest down again.",
  examples: [["virtform start web-0", "Shows the plan, asks, starts one guest."]],
});

/** `virtform stop`: shuts guests down. */
export const stop = switching("stop", "stopped", {
  summary: "Shut guests down",
  description:
    "Shuts guests of this project down. A guest that does not shut down in time is powered off, if its configuration allows that. Nothing else is changed, not even the configuration: with `power_state: running`, the next apply starts the guest again.",
  examples: [["virtform stop web-0 web-1", "Shows the plan, asks, shuts down two guests."]],
});

function switching(
  command: "start" | "stop",
  to: "running" | "stopped",
  words: Pick<CommandDefinition, "summary" | "description" | "examples">,
): CommandDefinition {
  return {
    ...words,
    usage: "NAME… [PATH…] [options]",
    options,
    run(invocation, io) {
      const { names, paths } = namesAndPaths(invocation);
      if (names.length === 0) {
        throw userError("missing-name", `Which guests should ${command}?`, "Name them after the command; `virtform list` shows the names.");
      }
      return runApply(invocation, io, {
        command,
        scope: { paths, targets: names, mode: () => ({ do: "only", changes: (observed) => switchChanges(observed, names, to) }) },
      });
    },
  };
}
