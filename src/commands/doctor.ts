import type { Finding } from "../model/finding.ts";
import type { HostSession } from "../session.ts";
import { type CommandDefinition, hostOptions } from "./command.ts";
import { doctorChecks } from "./doctor-checks.ts";
import { checkHops } from "./doctor-hops.ts";
import { checkImageCaches } from "./doctor-image-caches.ts";
import { checkNetworks } from "./doctor-networks.ts";
import { checkStorage } from "./doctor-storage.ts";
import { eachHost } from "./each-host.ts";
import { openConfiguredOrDefault } from "./open-session.ts";
import { reported } from "./reported.ts";

/** `virtform doctor`: what is missing, and how to fix it. */
export const doctor: CommandDefinition = {
  summary: "Check the host's requirements and suggest fixes",
  usage: "[PATH…] [options]",
  description:
    "Checks libvirt, qemu-img, acceleration, permissions of the instances path, security driver and free space; the networks and bridges that instances are connected to; the requirements of the configured storage drivers; for a host over ssh, first every hop of the connection. Exits 1 if something must be fixed.",
  options: { ...hostOptions, json: { type: "boolean", help: "Print the findings as a JSON array." } },
  examples: [
    ["virtform doctor", "Checks the host of the configuration in the current directory, or this machine if there is no configuration."],
  ],
  run: (invocation, io) =>
    reported(invocation, io, { command: "doctor" }, async (reporter) => {
      await using session = await openConfiguredOrDefault(invocation.positionals, io, { freshLogin: true });
      const { found, complete } = await eachHost(session, reporter, findingsOf);
      const findings = found.flatMap(({ value, label }) => value.map((finding) => ({ ...label, ...finding })));
      reporter.event({ type: "result", result: { kind: "findings", findings } });
      return complete && findings.every(({ status }) => status !== "error") ? 0 : 1;
    }),
};

/** Skips all other checks when a hop of the connection fails. */
async function findingsOf({ config, context }: HostSession): Promise<Finding[]> {
  const hops = await checkHops(context.host);
  if (hops.some(({ status }) => status === "error")) return hops;
  const checks = await Promise.all(doctorChecks.map((check) => check(context, config)));
  const [networks, storage, caches] = await Promise.all([checkNetworks(context, config), checkStorage(context), checkImageCaches(context)]);
  return [...hops, ...checks, ...caches, ...networks, ...storage];
}
