import { onlyHost } from "../session.ts";
import { type CommandDefinition, hostOptions } from "./command.ts";
import { doctorChecks } from "./doctor-checks.ts";
import { checkHops } from "./doctor-hops.ts";
import { checkStorage } from "./doctor-storage.ts";
import { openConfiguredOrDefault } from "./open-session.ts";
import { reported } from "./reported.ts";

/** `virtform doctor`: what is missing, and how to mend it. */
export const doctor: CommandDefinition = {
  summary: "Check what the host needs and name the fix",
  usage: "[PATH…] [options]",
  description:
    "Checks libvirt, qemu-img, acceleration, permissions on the way to the instances path, security driver and space; what the disk backends of the configuration need; for a host over ssh, every hop on the way first. Exits 1 when something has to be mended.",
  options: { ...hostOptions, json: { type: "boolean", help: "The findings as a JSON array." } },
  examples: [["virtform doctor", "For the host of the configuration in this directory, or for this machine where there is none yet."]],
  run: (invocation, io) =>
    reported(invocation, io, { command: "doctor" }, async ({ event }) => {
      await using session = await openConfiguredOrDefault(invocation.positionals, io);
      const { context } = onlyHost(session);
      const hops = await checkHops(context.host);
      const reached = hops.every(({ status }) => status !== "error");
      const checks = reached ? await Promise.all(doctorChecks.map((check) => check(context, session.config))) : [];
      const storage = reached ? await checkStorage(context) : [];
      const findings = [...hops, ...checks, ...storage];
      event({ type: "result", result: { kind: "findings", findings } });
      return findings.some(({ status }) => status === "error") ? 1 : 0;
    }),
};
