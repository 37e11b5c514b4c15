import type { SshTarget } from "./target.ts";

/** A connection counts as lost when sshd does not answer three probes, five seconds each. */
const keepAlive = ["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"];

/** Where ssh connects to, as its last options. */
export function addressWords({ destination, port }: SshTarget): readonly string[] {
  return [...(port === undefined ? [] : ["-p", String(port)]), "--", destination];
}

/**
 * The arguments of an ssh that logs in, without the command. Others use the connection by way of `socket`. `persist`: the seconds that it stays after its last
 * use, in a process of its own; a connection that is there already is used. 0: it ends with this ssh.
 */
export function loginWords(
  ssh: { readonly args: readonly string[] },
  target: SshTarget,
  { socket, persist }: { readonly socket: string; readonly persist: number },
): readonly string[] {
  const shared = ["-o", `ControlMaster=${persist === 0 ? "yes" : "auto"}`, "-o", `ControlPersist=${persist === 0 ? "no" : persist}`];
  const options = ["-T", "-x", "-a", "-o", "BatchMode=yes", ...shared, "-o", `ControlPath=${socket}`];
  const quiet = ["-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none", "-o", "ConnectTimeout=20"];
  return [...ssh.args, ...options, ...quiet, ...keepAlive, ...addressWords(target)];
}
