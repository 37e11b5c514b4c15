import { greetingScript } from "./greeting-script.ts";
import { helperProgram } from "./helper-program.ts";
import { shellLine } from "./quote.ts";
import type { SshTarget } from "./target.ts";

/** The programs that the helper starts; it does everything else itself. */
const required = ["cp", "stat", "prlimit"];
/** A connection counts as lost when sshd does not answer three probes, five seconds each. */
const keepAlive = ["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"];

/** Where ssh connects to, as its last options. */
export function addressWords({ destination, port }: SshTarget): readonly string[] {
  return [...(port === undefined ? [] : ["-p", String(port)]), "--", destination];
}

/** The arguments of the ssh that holds a connection; further ones use it by way of `socket`. `hasHelper`: the helper runs in its session. */
export function masterWords(
  ssh: { readonly args: readonly string[] },
  target: SshTarget,
  { socket, nonce, hasHelper }: { readonly socket: string; readonly nonce: string; readonly hasHelper: boolean },
): readonly string[] {
  const options = ["-T", "-x", "-o", "BatchMode=yes", "-o", "ControlMaster=yes", "-o", `ControlPath=${socket}`, "-o", "ControlPersist=no"];
  const quiet = ["-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none", "-o", "ConnectTimeout=20"];
  const remote = `exec sh -c ${shellLine([greetingScript, "virtform", nonce, hasHelper ? helperProgram : "", ...required])}`;
  return [...ssh.args, ...options, ...quiet, ...keepAlive, ...addressWords(target), remote];
}
