import { userError } from "../../model/errors.ts";

/** A machine as `host.uri` names it, for the system's ssh and for libvirt on that machine. */
export interface SshTarget {
  /** As ssh takes it: a name of the user's ssh configuration, an address, with `user@` in front where one is given. */
  readonly destination: string;
  readonly port?: number;
  /** The libvirt connection on the machine itself: `qemu:///system`. */
  readonly libvirtUri: string;
}

/**
 * The machine that a libvirt URI with ssh means; undefined for a URI without a transport. Throws a UserError for other
 * transports, and for what could be taken for an option of ssh.
 */
export function parseSshTarget(uri: string): SshTarget | undefined {
  const transport = /^([a-z][a-z0-9]*)\+([a-z]+):/.exec(uri);
  if (transport === null) return undefined;
  const [, driver, kind] = transport;
  if (kind !== "ssh") throw invalid(uri, `Its transport is ${kind}; ssh is the one that virtform can use`);
  const match = /^[a-z0-9]+\+ssh:\/\/(?:([^@/?#]+)@)?(\[[0-9a-fA-F:.%a-z]+\]|[^@/?#:[\]]+)(?::(\d{1,5}))?\/([a-z]+)$/.exec(uri);
  const [, user, host = "", port, path] = match ?? [];
  if (match === null) throw invalid(uri, "It has to be written like this, without parameters");
  const name = host.replace(/^\[|\]$/g, "");
  const numbered = port === undefined ? undefined : Number(port);
  if (!/^[\w.%:-]+$/.test(name) || name.startsWith("-")) throw invalid(uri, "The name of the host holds characters that no host name has");
  if (user !== undefined && !/^[\w.@+-]+$/.test(decodeURIComponent(user))) {
    throw invalid(uri, "The name of the user holds characters that no user name has");
  }
  if (user?.startsWith("-") === true) throw invalid(uri, "The name of the user begins with a hyphen");
  if (numbered !== undefined && (numbered < 1 || numbered > 65_535)) throw invalid(uri, "Ports go from 1 to 65535");
  return {
    destination: user === undefined ? name : `${decodeURIComponent(user)}@${name}`,
    ...(numbered === undefined ? {} : { port: numbered }),
    libvirtUri: `${driver}:///${path}`,
  };
}

function invalid(uri: string, why: string): Error {
  return userError("remote-host", `Not a host that can be reached: ${uri}`, `${why}: qemu+ssh://USER@HOST/system.`);
}
