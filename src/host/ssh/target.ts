import { userError } from "../../model/errors.ts";
import { readSshUri, uriProblem } from "../../model/libvirt-uri.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";

/** A machine as `host.uri` names it, for the system's ssh and for libvirt on that machine. */
export interface SshTarget {
  /** As ssh takes it: a name of the user's ssh configuration, an address, with `user@` in front where one is given. */
  readonly destination: string;
  readonly port?: number;
  /** The libvirt connection on the machine itself: `qemu:///system`. */
  readonly libvirtUri: string;
}

/**
 * The machine that a libvirt URI with ssh means; undefined for one of this machine. Throws a UserError for other transports, and for what could be
 * taken for an option of ssh.
 */
export function parseSshTarget(uri: string): SshTarget | undefined {
  const { parts } = readSshUri(uri);
  if (parts === undefined) {
    const problem = uriProblem(uri);
    if (problem === undefined) return undefined;
    throw userError("remote-host", problem.summary, problem.detail);
  }
  const { driver, user, host, port, path } = parts;
  const destination = user === null ? host : `${user}@${host}`;
  return withoutUndefined({ destination, port: port ?? undefined, libvirtUri: `${driver}:///${path}` });
}
