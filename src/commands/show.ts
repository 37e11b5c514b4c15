import { existsSync } from "node:fs";
import { stringify } from "yaml";
import { type Address, addressName } from "../model/address.ts";
import { closest } from "../model/closest.ts";
import { userError } from "../model/errors.ts";
import { instanceOf } from "../model/presentation.ts";
import { type CommandDefinition, hostOptions } from "./command.ts";
import { openSession } from "./session.ts";
import { survey } from "./survey.ts";

/** `virtform show`: the host as it is. */
export const show: CommandDefinition = {
  summary: "What is on the host, and whose it is",
  usage: "[ADDR] [PATH] [options]",
  description:
    "Without an address: every object of this project, and what else is on the host and whose it is. With one (domain/web-0, disk/web-0.root, or just web-0): everything known about it, as YAML.",
  options: { ...hostOptions, json: { type: "boolean", help: "As JSON." } },
  examples: [
    ["virtform show", "All there is."],
    ["virtform show web-0", "Everything about instance web-0."],
    ["virtform show disk/web-0.root site.yaml", "One object of another configuration."],
  ],
  async run(invocation) {
    const { wanted, paths } = splitPositionals(invocation.positionals);
    await using session = await openSession(paths);
    const { objects, unmanaged } = await survey(session);
    const named = objects.filter(({ address }) => wanted === undefined || isNamed(address, wanted));
    if (wanted !== undefined && named.length === 0) {
      const near = closest(
        wanted,
        objects.flatMap(({ address }) => [address, addressName(address)]),
      );
      throw userError(
        "not-found",
        `Nothing of this project is called ${wanted}`,
        `${near === undefined ? "`virtform show` lists what there is." : `Did you mean ${near}?`}${existsSync(wanted) ? ` For the configuration of that name write ./${wanted}.` : ""}`,
      );
    }
    if (invocation.flag("json")) {
      process.stdout.write(`${JSON.stringify(wanted === undefined ? { objects: named, unmanaged } : { objects: named }, null, 2)}\n`);
    } else if (wanted !== undefined) {
      process.stdout.write(stringify(Object.fromEntries(named.map(({ address, state }) => [address, state])), { lineWidth: 0 }));
    } else {
      const lines = named.map(({ address }) => `  ${address}`);
      const others = unmanaged.map(
        ({ what, name, owner, note }) =>
          `  ${what} ${name}${owner === undefined ? "" : ` (project ${owner})`}${note === undefined ? "" : `: ${note}`}`,
      );
      process.stdout.write(`Project ${session.context.project} on ${session.context.settings.uri}:\n${lines.join("\n") || "  nothing"}\n`);
      if (others.length > 0) process.stdout.write(`\nNot managed here, never touched:\n${others.join("\n")}\n`);
    }
    return 0;
  },
};

/**
 * The first word is an address or a name, unless it looks like a path: it begins with a dot or slash, ends like a file of
 * ours, or has a slash and is there. A directory in this one is written `./web`.
 */
function splitPositionals(positionals: readonly string[]): { wanted: string | undefined; paths: readonly string[] } {
  const [first, ...rest] = positionals;
  if (first === undefined || /^[./]|\.ya?ml$/.test(first) || (first.includes("/") && existsSync(first)))
    return { wanted: undefined, paths: positionals };
  return { wanted: first, paths: rest };
}

function isNamed(address: Address, wanted: string): boolean {
  return address === wanted || addressName(address) === wanted || instanceOf(address) === wanted;
}
