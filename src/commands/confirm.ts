import { applyOptions, type CommandDefinition } from "./command.ts";
import { runApply } from "./run-apply.ts";

const { "allow-destroy": _nothingIsLost, ...options } = applyOptions;

/** `virtform confirm`: removes the snapshots that allow rolling back disk growth. */
export const confirm: CommandDefinition = {
  summary: "Remove the snapshots that allow rolling back disk growth",
  usage: "[PATH…] [options]",
  description:
    "Before a root disk in Ceph grows, a snapshot nova-resize is created so that the growth can be rolled back. This command removes the snapshots of the project. The disks do not change; rollback is then no longer possible.",
  options,
  examples: [
    ["virtform confirm", "Lists the snapshots, asks, removes them."],
    ["virtform confirm --target web-0 --auto-approve", "Removes the snapshot of instance web-0 only, without asking."],
  ],
  run: (invocation, io) => runApply(invocation, io, { command: "confirm" }),
};
