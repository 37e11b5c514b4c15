import { closest } from "../model/closest.ts";
import { type UserError, userError } from "../model/errors.ts";
import { commands } from "./index.ts";

/** Commands of Terraform, and what to use instead. */
const terraformCommands: Readonly<Record<string, string>> = {
  "force-unlock": "A lock of a process that has ended is taken over; the message about a lock that is held names its holder.",
  cloud: "There is no service to log in to: hosts are reached over ssh.",
  fmt: "`virtform validate` checks the files and leaves their layout alone.",
  get: "Modules are read where they are, with every command: `include`.",
  import: "`virtform adopt` writes the configuration of existing guests, which the next apply takes over.",
  login: "There is no service to log in to: hosts are reached over ssh.",
  logout: "There is no service to log in to: hosts are reached over ssh.",
  modules: "`virtform config` prints the configuration with its includes written out.",
  output: "`virtform list --json` has the addresses of guests.",
  providers: "Nothing is installed: virtform speaks to libvirt itself.",
  refresh: "Every plan reads the host; `virtform drift` shows what differs.",
  state: "There is no state file: `virtform list` and `virtform show` read the host.",
  taint: "`virtform apply --replace ADDR` recreates a disk or a volume.",
  test: "`virtform validate` and `virtform plan` check a configuration; `virtform simulate` plans without a host.",
  untaint: "Nothing is marked: `--replace ADDR` counts for one plan.",
  up: "`virtform apply` makes guests, and `virtform start` starts them.",
  down: "`virtform stop` shuts guests down, and `virtform destroy` removes them.",
  workspace: "Environments are variables and files that are laid over others: `--var-file`, `override: true`.",
};

/** The error for a command that does not exist. */
export function unknownCommand(name: string): UserError {
  if (name.startsWith("-"))
    return userError(
      "unknown-command",
      `The command comes first, then its options: virtform COMMAND ${name}`,
      "`virtform --help` lists the commands.",
    );
  const near = closest(name, Object.keys(commands));
  const hint = Object.hasOwn(terraformCommands, name)
    ? `${terraformCommands[name]} `
    : near === undefined
      ? ""
      : `Did you mean \`virtform ${near}\`? `;
  return userError("unknown-command", `No such command: ${name}`, `${hint}\`virtform --help\` lists the commands.`);
}
