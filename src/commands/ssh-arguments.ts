import { shellLine } from "../host/ssh/quote.ts";
import type { SshTarget } from "../host/ssh/target.ts";

/** How a guest is logged in to. */
export interface GuestLogin {
  readonly address: string;
  /** The name under which ssh keeps the key of the guest: addresses are given to other guests later. */
  readonly alias: string;
  /** Undefined: ssh decides. */
  readonly user: string | undefined;
  /** The host of the guest, where that is another machine: the guest is reached from there. */
  readonly host: SshTarget | undefined;
  /** Options as `ssh -o` takes them. */
  readonly options: readonly string[];
  /** What runs in the guest; empty for a shell. */
  readonly command: readonly string[];
}

/** A program with its arguments that logs in to a guest. `ssh` is the program, with the arguments that always go with it. Pure. */
export function sshArguments(
  ssh: { readonly program: string; readonly args: readonly string[] },
  { address, alias, user, host, options, command }: GuestLogin,
): { readonly program: string; readonly args: readonly string[] } {
  // The first value of an option counts, so those of the user come first.
  const own = [...options, `HostKeyAlias=${alias}`, ...(host === undefined ? [] : [`ProxyCommand=${throughHost(ssh, host)}`])];
  return {
    program: ssh.program,
    args: [...ssh.args, ...own.flatMap((option) => ["-o", option]), ...(user === undefined ? [] : ["-l", user]), "--", address, ...command],
  };
}

/** A line for a shell, in which ssh puts the address of the guest for `%h`. ProxyJump would not take the arguments of ssh along. */
function throughHost(
  { program, args }: { readonly program: string; readonly args: readonly string[] },
  { destination, port }: SshTarget,
): string {
  const words = [program, ...args, ...(port === undefined ? [] : ["-p", String(port)])];
  return `${plain(words)} -W '[%h]:%p' -- ${plain([destination])}`;
}

function plain(words: readonly string[]): string {
  return shellLine(words).replaceAll("%", "%%");
}
