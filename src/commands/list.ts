import { type CommandDefinition, hostOptions } from "./command.ts";
import { eachHost } from "./each-host.ts";
import { foundInstances } from "./found-instances.ts";
import { foundNetworks } from "./found-networks.ts";
import { openConfigured } from "./open-session.ts";
import { reported } from "./reported.ts";
import { survey } from "./survey.ts";

/** `virtform list`: the instances, a line each. */
export const list: CommandDefinition = {
  summary: "List the instances of this project",
  usage: "[PATH…] [options]",
  description:
    "Lists every instance that the configuration declares, also one that is missing, and what the project has besides: state, addresses, image, flavor, vCPUs, memory, disks. Addresses are those that libvirt's networks leased or the guest agent reports, else those under which the host has talked to the guest.",
  options: {
    ...hostOptions,
    wide: { type: "boolean", help: "Also print UUIDs, MAC addresses and the reason of a state." },
    networks: { type: "boolean", help: "List the networks of this project and those that it names, instead of instances." },
    json: { type: "boolean", help: "Print a JSON array." },
  },
  examples: [
    ["virtform list", "Lists the instances of the configuration in the current directory."],
    ["virtform list --networks", "Lists the networks, with the guests that are connected to each."],
    ["virtform list --json | jq '.[].status'", "Prints the state of each instance, for scripts."],
  ],
  run: (invocation, io) =>
    reported(invocation, io, { command: "list" }, async (reporter) => {
      await using session = await openConfigured(invocation.positionals, io);
      if (invocation.flag("networks")) {
        const { found, complete } = await eachHost(session, reporter, async (host, { event }) =>
          foundNetworks(host, await survey(host, { event })),
        );
        const networks = found.flatMap(({ value, label }) => value.map((network) => ({ ...label, ...network })));
        reporter.event({ type: "result", result: { kind: "networks", networks } });
        return complete ? 0 : 1;
      }
      const { found, complete } = await eachHost(session, reporter, async (host, { event }) =>
        foundInstances(host, await survey(host, { event })),
      );
      const instances = found.flatMap(({ value, label }) => value.map((instance) => ({ ...label, ...instance })));
      reporter.event({ type: "result", result: { kind: "instances", instances, wide: invocation.flag("wide") } });
      return complete ? 0 : 1;
    }),
};
