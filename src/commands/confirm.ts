import { applyOptions, type CommandDefinition } from "./command.ts";
import { runApply } from "./run-apply.ts";

const { "allow-destroy": _nothingIsLost, ...options } = applyOptions;

/** `virtform confirm`: give up the way back to before disks grew. */
export const confirm: CommandDefinition = {
  summary: "Remove the snapshots from before disks grew",
  usage: "[PATH…] [options]",
  description:
    "A root disk in Ceph that grows keeps a snapshot, nova-resize, from before, so that it can be rolled back. This removes the snapshots of the configuration's project. The disks stay as they are; going back is no longer possible.",
  options,
  examples: [
    ["virtform confirm", "Shows which snapshots would go, asks, removes them."],
    ["virtform confirm --target web-0 --auto-approve", "That of instance web-0 only, without asking."],
  ],
  run: (invocation, io) => runApply(invocation, io, { command: "confirm" }),
};
