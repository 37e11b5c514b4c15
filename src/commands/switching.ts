import { switchChanges } from "../kinds/guest/switch.ts";
import { userError } from "../model/errors.ts";
import { applyOptions, type CommandDefinition } from "./command.ts";
import { namesAndPaths } from "./names-and-paths.ts";
import { runApply } from "./run-apply.ts";

const { "allow-destroy": _nothingIsLost, target: _named, exclude: _also, ...options } = applyOptions;

/** The definition of a command that starts guests or shuts them down. */
export function switching(
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
        scope: { paths, names, mode: (names) => ({ do: "only", changes: (observed) => switchChanges(observed, names, to) }) },
      });
    },
  };
}
