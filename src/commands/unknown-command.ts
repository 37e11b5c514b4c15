import { closest } from "../model/closest.ts";
import { type UserError, userError } from "../model/errors.ts";
import { commands } from "./index.ts";

/** Commands of Terraform, virsh and other programs, and what to use instead. */
const otherCommands: Readonly<Record<string, string>> = {
  attach: "A volume is attached where an instance lists it: `volumes`; the next apply does it, also while the guest runs.",
  clone: "An instance more is an entry more in the configuration, or `count`.",
  cloud: "There is no service to log in to: hosts are reached over ssh.",
  create: "`virtform init` writes a configuration, and `virtform apply` makes what it declares.",
  delete: "Remove the entry from the configuration and apply, or remove everything with `virtform destroy`.",
  describe: "`virtform show NAME` prints everything that is known about an object.",
  diff: "`virtform plan` shows what an apply would change, `virtform drift` what differs from the configuration.",
  down: "`virtform stop` shuts guests down, and `virtform destroy` removes them.",
  edit: "Change the files, then `virtform plan`; `virtform drift --accept` takes over what was changed on the host.",
  exec: "`virtform ssh NAME -- COMMAND` runs a command in a guest.",
  fmt: "`virtform validate` checks the files and leaves their layout alone.",
  "force-unlock": "A lock of a process that has ended is taken over; the message about a lock that is held names its holder.",
  get: "Modules are read where they are, with every command: `include`.",
  import: "`virtform adopt` writes the configuration of existing guests, which the next apply takes over.",
  info: "`virtform show NAME` prints everything that is known about an object.",
  inspect: "`virtform show NAME` prints everything that is known about an object.",
  log: "`virtform console NAME` prints what a guest wrote on its console.",
  login: "There is no service to log in to: hosts are reached over ssh.",
  logout: "There is no service to log in to: hosts are reached over ssh.",
  logs: "`virtform console NAME` prints what a guest wrote on its console.",
  ls: "`virtform list` lists the guests, `virtform show` all objects.",
  modules: "`virtform config` prints the configuration with its includes written out.",
  output: "`virtform list --json` has the addresses of guests.",
  poweroff: "`virtform stop NAME` shuts guests down.",
  providers: "Nothing is installed: virtform speaks to libvirt itself.",
  ps: "`virtform list` lists the guests, `virtform show` all objects.",
  reboot: "`virtform restart NAME` shuts guests down and starts them.",
  refresh: "Every plan reads the host; `virtform drift` shows what differs.",
  remove: "Remove the entry from the configuration and apply, or remove everything with `virtform destroy`.",
  rename: "Change the name in the configuration and write `renamed_from: OLD` into the entry.",
  reset: "`virtform restart NAME` shuts guests down and starts them.",
  rm: "Remove the entry from the configuration and apply, or remove everything with `virtform destroy`.",
  rollback: "Restore the files with git and apply: the host follows them.",
  shell: "`virtform ssh NAME` opens a shell in a guest.",
  shutdown: "`virtform stop NAME` shuts guests down.",
  state: "There is no state file: `virtform list` and `virtform show` read the host.",
  status: "`virtform list` prints the state of each guest, `virtform plan` what an apply would change.",
  taint: "`virtform apply --replace ADDR` recreates a disk or a volume.",
  test: "`virtform validate` and `virtform plan` check a configuration; `virtform simulate` plans without a host.",
  undefine: "Remove the entry from the configuration and apply, or remove everything with `virtform destroy`.",
  untaint: "Nothing is marked: `--replace ADDR` counts for one plan.",
  up: "`virtform apply` makes guests, and `virtform start` starts them.",
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
  const hint = Object.hasOwn(otherCommands, name)
    ? `${otherCommands[name]} `
    : near === undefined
      ? ""
      : `Did you mean \`virtform ${near}\`? `;
  return userError("unknown-command", `No such command: ${name}`, `${hint}\`virtform --help\` lists the commands.`);
}
