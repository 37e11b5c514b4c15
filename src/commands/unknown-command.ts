import { closest } from "../model/closest.ts";
import { type UserError, userError } from "../model/errors.ts";
import { commands } from "./index.ts";

const removal = "Remove the entry from the configuration and apply, or remove everything with `virtform destroy`.";
const details = "`virtform show NAME` prints everything that is known about an object.";
const consoleLog = "`virtform console NAME` prints what a guest wrote on its console.";
const login = "There is no service to log in to: hosts are reached over ssh.";
const lists = "`virtform list` lists the guests, `virtform show` all objects.";
const restart = "`virtform restart NAME` shuts guests down and starts them.";
const shutdown = "`virtform stop NAME` shuts guests down.";

/** Commands of Terraform, virsh and other programs, and what to use instead. */
const otherCommands: Readonly<Record<string, string>> = {
  attach: "Add the volume to `volumes` of an instance; the next apply attaches it, also while the guest runs.",
  clone: "Add an entry to the configuration, or raise `count` of the instance.",
  cloud: login,
  create: "`virtform init` writes a configuration, and `virtform apply` makes what it declares.",
  delete: removal,
  describe: details,
  diff: "`virtform plan` shows what an apply would change, `virtform drift` what differs from the configuration.",
  down: "`virtform stop` shuts guests down, and `virtform destroy` removes them.",
  edit: "Change the files, then `virtform plan`; `virtform drift --accept` takes over what was changed on the host.",
  exec: "`virtform ssh NAME -- COMMAND` runs a command in a guest.",
  fmt: "`virtform validate` checks the files and leaves their layout alone.",
  "force-unlock": "A lock of a process that has ended is taken over; the message about a lock that is held names its holder.",
  get: "Modules are read where they are, with every command: `include`.",
  import: "`virtform adopt` writes the configuration of existing guests, which the next apply takes over.",
  info: details,
  inspect: details,
  log: consoleLog,
  login,
  logout: login,
  logs: consoleLog,
  ls: lists,
  modules: "`virtform config` prints the configuration with its includes written out.",
  output: "`virtform list --json` has the addresses of guests.",
  poweroff: shutdown,
  providers: "Nothing is installed: virtform speaks to libvirt itself.",
  ps: lists,
  reboot: restart,
  refresh: "Every plan reads the host; `virtform drift` shows what differs.",
  remove: removal,
  rename: "Change the name of the entry, write `renamed_from: OLD` into it and apply.",
  reset: restart,
  rm: removal,
  rollback: "Restore the files with git and apply: the host follows them.",
  shell: "`virtform ssh NAME` opens a shell in a guest.",
  shutdown,
  state: "There is no state file: `virtform list` and `virtform show` read the host.",
  status: "`virtform list` prints the state of each guest, `virtform plan` what an apply would change.",
  taint: "`virtform apply --replace ADDR` recreates a disk or a volume.",
  test: "`virtform validate` and `virtform plan` check a configuration; `virtform simulate` plans without a host.",
  undefine: removal,
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
