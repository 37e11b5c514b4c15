import { addressKind, addressName } from "../model/address.ts";
import { formatQuantity } from "../model/quantity.ts";
import { type CommandDefinition, hostOptions } from "./command.ts";
import { openSession } from "./session.ts";
import { survey } from "./survey.ts";

/** `virtform list`: the instances, a line each. */
export const list: CommandDefinition = {
  summary: "One line for each instance",
  usage: "[PATH…] [options]",
  description: "The instances of this project as they are on the host: power state, vCPUs, memory, uuid.",
  options: { ...hostOptions, json: { type: "boolean", help: "As a JSON array." } },
  examples: [["virtform list", "The instances of the configuration in this directory."]],
  async run(invocation) {
    await using session = await openSession(invocation.positionals);
    const { objects } = await survey(session);
    const instances = objects
      .filter(({ address }) => addressKind(address) === "domain")
      .map(({ address, state }) => ({
        name: addressName(address),
        ...(state as { power_state: string; uuid: string; vcpus: number; memory: number }),
      }));
    if (invocation.flag("json")) {
      process.stdout.write(`${JSON.stringify(instances, null, 2)}\n`);
      return 0;
    }
    const rows = [
      ["NAME", "STATE", "VCPUS", "MEMORY", "UUID"],
      ...instances.map(({ name, power_state, vcpus, memory, uuid }) => [name, power_state, String(vcpus), formatQuantity(memory), uuid]),
    ];
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
    for (const row of rows)
      process.stdout.write(
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
      );
    return 0;
  },
};
