import { addressKind, addressName } from "../model/address.ts";
import type { FoundInstance } from "../model/result.ts";
import { onlyHost } from "../session.ts";
import { type CommandDefinition, hostOptions } from "./command.ts";
import { openConfigured } from "./open-session.ts";
import { reported } from "./reported.ts";
import { survey } from "./survey.ts";

/** `virtform list`: the instances, a line each. */
export const list: CommandDefinition = {
  summary: "List the instances of this project",
  usage: "[PATH…] [options]",
  description: "Lists the instances of this project on the host: power state, vCPUs, memory, UUID.",
  options: { ...hostOptions, json: { type: "boolean", help: "Print a JSON array." } },
  examples: [["virtform list", "Lists the instances of the configuration in the current directory."]],
  run: (invocation, io) =>
    reported(invocation, io, { command: "list" }, async (reporter) => {
      await using session = await openConfigured(invocation.positionals, io);
      const { objects, behind } = await survey(onlyHost(session), reporter);
      const instances = objects
        .filter(({ address }) => addressKind(address) === "domain")
        .map(({ address, state }) => {
          const name = addressName(address);
          return {
            name,
            ...(state as unknown as Omit<FoundInstance, "name">),
            ...(behind.has(`disk/${name}.root`) ? { behind_image: true as const } : {}),
          };
        });
      reporter.event({ type: "result", result: { kind: "instances", instances } });
      return 0;
    }),
};
