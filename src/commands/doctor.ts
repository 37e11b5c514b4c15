import { styleText } from "node:util";
import { type CommandDefinition, hostOptions } from "./command.ts";
import { doctorChecks } from "./doctor-checks.ts";
import { checkHops } from "./doctor-hops.ts";
import { checkStorage } from "./doctor-storage.ts";
import { openSessionOrDefault } from "./session.ts";
import { useColor } from "./use-color.ts";

const marks = { ok: ["ok", "green"], warning: ["warning", "yellow"], error: ["error", "red"] } as const;

/** `virtform doctor`: what is missing, and how to mend it. */
export const doctor: CommandDefinition = {
  summary: "Check what the host needs and name the fix",
  usage: "[PATH…] [options]",
  description:
    "Checks libvirt, qemu-img, acceleration, permissions on the way to the instances path, security driver and space; what the disk backends of the configuration need; for a host over ssh, every hop on the way first. Exits 1 when something has to be mended.",
  options: { ...hostOptions, json: { type: "boolean", help: "The findings as a JSON array." } },
  examples: [["virtform doctor", "For the host of the configuration in this directory, or for this machine where there is none yet."]],
  async run(invocation) {
    await using session = await openSessionOrDefault(invocation.positionals);
    const hops = await checkHops(session.context.host);
    const reached = hops.every(({ status }) => status !== "error");
    const checks = reached ? await Promise.all(doctorChecks.map((check) => check(session.context, session.config))) : [];
    const storage = reached ? await checkStorage(session.context) : [];
    const findings = [...hops, ...checks, ...storage];
    if (invocation.flag("json")) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
    else {
      const color = useColor(process.stdout, invocation.flag("no-color"));
      for (const { check, status, found, fix } of findings) {
        const [word, tint] = marks[status];
        const mark = word.padEnd(8);
        process.stdout.write(
          `${color ? styleText(tint, mark) : mark} ${check}: ${found}\n${fix === undefined ? "" : `         → ${fix}\n`}`,
        );
      }
    }
    return findings.some(({ status }) => status === "error") ? 1 : 0;
  },
};
