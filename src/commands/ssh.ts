import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { runAttached } from "../host/local/attached.ts";
import { sshProgram } from "../host/ssh/program.ts";
import { parseSshTarget } from "../host/ssh/target.ts";
import { adminUser } from "../kinds/config/admin-user.ts";
import { guests } from "../kinds/terms/guest-address.ts";
import { userError } from "../model/errors.ts";
import type { Observed } from "../model/observed.ts";
import { shellWord } from "../model/shell-word.ts";
import { type CommandDefinition, colorOptions, type Invocation, severalHostsOptions, variableOptions } from "./command.ts";
import { findOnHosts } from "./find-on-hosts.ts";
import { foundInstances } from "./found-instances.ts";
import { guestAddress } from "./guest-address.ts";
import type { Io } from "./io.ts";
import { isPath } from "./names-and-paths.ts";
import { openConfigured } from "./open-session.ts";
import { sshArguments } from "./ssh-arguments.ts";

/** `virtform ssh NAME`: a shell in a guest. */
export const ssh: CommandDefinition = {
  summary: "Log in to an instance, or run a command in it",
  usage: "NAME [PATH…] [options] [-- COMMAND…]",
  description:
    "Runs the ssh of this machine with the address of the guest, which `virtform list` shows; a guest of a remote host is reached through that host. Of several addresses the first IPv4 address is taken. The user is --user, else the image's property os_admin_user, else the usual one of its os_distro, else ssh's own. ssh keeps the guest's host key under NAME.PROJECT.HOST. The exit code is that of ssh.",
  options: {
    ...colorOptions,
    ...variableOptions,
    ...severalHostsOptions,
    user: { type: "string", short: "l", value: "USER", help: "Log in as this user." },
    address: { type: "string", value: "ADDR", help: "Use this address of the guest." },
    "ssh-option": {
      type: "string",
      short: "o",
      multiple: true,
      value: "KEY=VALUE",
      help: "An option of ssh, such as StrictHostKeyChecking=accept-new. Repeatable.",
    },
    print: { type: "boolean", help: "Print the ssh command line instead of running it." },
  },
  examples: [
    ["virtform ssh web-0", "A shell in web-0."],
    ["virtform ssh web-0 -- systemctl is-active nginx", "Runs a command and exits with its exit code."],
    [
      "virtform ssh -l root -o StrictHostKeyChecking=accept-new web-0",
      "As root; the host key of a new guest is accepted without a question.",
    ],
  ],
  async run(invocation, io) {
    const command = await commandFor(invocation, io);
    if (invocation.flag("print")) {
      io.stdout.write(`${[command.program, ...command.args].map(shellWord).join(" ")}\n`);
      return 0;
    }
    const exitCode = await runAttached(command);
    if (exitCode !== undefined) return exitCode;
    throw userError(
      "no-ssh",
      `There is no program ${command.program}`,
      "Install the client of OpenSSH (Debian: apt install openssh-client), or name another program in VIRTFORM_SSH.",
    );
  },
};

/** The ssh that is to run. Nothing of the host stays open. */
async function commandFor(invocation: Invocation, io: Io): Promise<ReturnType<typeof sshArguments>> {
  const { name: word, paths } = words(invocation);
  const given = givenAddress(invocation.text("address"));
  await using session = await openConfigured(paths, io);
  const {
    host,
    surveyed,
    name,
    guest: instance,
  } = await findOnHosts(
    session,
    word,
    io,
    async (host, surveyed) => new Map((await foundInstances(host, surveyed)).map((instance) => [instance.name, instance])),
  );
  const { address, others } =
    given === undefined ? guestAddress(instance, isConnected(name, surveyed.observed)) : { address: given, others: [] };
  if (others.length > 0 && io.stderr.isTTY) {
    io.stderr.write(`${name} has several addresses: ${address} is used, --address takes another (${others.join(", ")}).\n`);
  }
  const { settings, project } = host.context;
  return sshArguments(sshProgram(io.env), {
    address,
    alias: [name, project, host.name].join("."),
    user: invocation.text("user") ?? adminUser(host.config.images?.[instance.image ?? ""]?.properties),
    host: parseSshTarget(settings.uri),
    options: invocation.texts("ssh-option"),
    command: invocation.behindDashes,
  });
}

/** Whether a card of the guest is connected to something that reaches it. */
function isConnected(name: string, observed: Observed): boolean {
  const guest = observed.get(guests.at(name));
  const fields = Object.entries(guest?.active ?? guest?.fields ?? {});
  return fields.some(([path, type]) => /^interfaces\..*\.type$/.test(path) && type !== "user");
}

/** The name of the instance, and the paths of the configuration. */
function words({ positionals, behindDashes }: Invocation): { readonly name: string; readonly paths: readonly string[] } {
  const [name, ...paths] = positionals.slice(0, positionals.length - behindDashes.length);
  if (name === undefined) {
    const detail = "Usage: virtform ssh NAME [PATH…] [-- COMMAND…]. `virtform list` shows the names.";
    throw userError("missing-name", "Missing argument: instance name", detail);
  }
  const wrong = paths.find((word) => !isPath(word) && !existsSync(word));
  if (wrong === undefined) return { name, paths };
  throw userError(
    "unexpected-word",
    `There is no configuration called ${wrong}`,
    `A command for the guest stands behind two dashes: \`virtform ssh ${shellWord(name)} -- ${paths
      .slice(paths.indexOf(wrong))
      .map((word) => shellWord(word))
      .join(" ")}\`.`,
  );
}

function givenAddress(text: string | undefined): string | undefined {
  if (text === undefined || isIP(text) !== 0) return text;
  throw userError("bad-option", `--address: "${text}" is not an IP address`, "Write one such as 192.168.122.10.");
}
