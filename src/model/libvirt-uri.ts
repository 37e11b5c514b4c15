const remedy =
  "For this machine write qemu:///system or qemu:///session, for another one qemu+ssh://HOST/system (a user may precede HOST).";

/** Transports of libvirt that virtform does not have, and what each is. */
const unspoken: Readonly<Record<string, string>> = {
  tls: "TLS",
  tcp: "plain TCP",
  libssh: "libvirt's own ssh client",
  libssh2: "libvirt's own ssh client",
  ext: "a program of the user's",
};

/** What a URI of this machine may say about the socket, and its values; null: any. */
const parameters: Readonly<Record<string, readonly string[] | null>> = { socket: null, mode: ["auto", "direct", "legacy"] };

/**
 * Paths of the connections that each driver of libvirt has, of those whose guests virtform makes; null: any, of the driver with which libvirt is tested.
 * Containers have no sessions, which is said where `virt_type` is checked.
 */
const paths: Readonly<Record<string, readonly string[] | null>> = {
  qemu: ["/system", "/session"],
  lxc: ["/system", "/session", "/", ""],
  test: null,
};

/** Why virtform cannot use a libvirt URI, and what to write instead; undefined when it can. Pure. */
export function uriProblem(uri: string): { readonly summary: string; readonly detail: string } | undefined {
  const match = /^([a-z][a-z0-9]*)(?:\+([a-z0-9]+))?:\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(uri);
  if (match === null) return { summary: `${uri} is no libvirt URI`, detail: remedy };
  const [, driver = "", transport, host = "", path = "", query = ""] = match;
  if (transport === "ssh") {
    const { why } = readSshUri(uri);
    return why === undefined ? connectionProblem(uri, driver, path) : { summary: `Not a host that can be reached: ${uri}`, detail: why };
  }
  if (transport !== undefined && transport !== "unix") {
    const what = unspoken[transport];
    const summary = `libvirt's transport ${transport}${what === undefined ? "" : ` (${what})`} is not supported: ${uri}`;
    return { summary, detail: `libvirt is reached through its unix socket, on another machine through ssh. ${remedy}` };
  }
  if (host !== "") return { summary: `${uri} names a host without a supported transport`, detail: remedy };
  for (const [name, value] of new URLSearchParams(query)) {
    const values = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (name === "socket" && !value.startsWith("/"))
      return { summary: `The socket in ${uri} is not absolute`, detail: "Write its whole path: socket=/run/libvirt/libvirt-sock." };
    if (values === null || values?.includes(value) === true) continue;
    const known = `socket=PATH and mode=${parameters["mode"]?.join("|")}`;
    return { summary: `${uri} has a parameter without effect: ${name}=${value}`, detail: `Remove it. Supported are ${known}.` };
  }
  return connectionProblem(uri, driver, path);
}

/** A driver that makes no guests of virtform's, or a connection that it does not have. */
function connectionProblem(uri: string, driver: string, path: string): ReturnType<typeof uriProblem> {
  const known = Object.hasOwn(paths, driver) ? paths[driver] : undefined;
  if (known === undefined)
    return {
      summary: `Guests of libvirt's driver ${driver} are not supported: ${uri}`,
      detail: `Guests run with QEMU, or are containers of lxc:///system. ${remedy}`,
    };
  return known === null || known.includes(path)
    ? undefined
    : { summary: `libvirt's driver ${driver} has no connection ${path}: ${uri}`, detail: remedy };
}

/** The parts of a URI of another machine. */
export interface SshUri {
  /** `qemu` */
  readonly driver: string;
  readonly user: string | null;
  /** A name of the user's ssh configuration, or an address, without brackets. */
  readonly host: string;
  readonly port: number | null;
  /** `system` */
  readonly path: string;
}

/** Reads `qemu+ssh://USER@HOST:PORT/system`; otherwise `why` says in sentences what is wrong with it. Nothing in the result can be taken for an option of ssh. Pure. */
export function readSshUri(
  uri: string,
): { readonly parts: SshUri; readonly why?: never } | { readonly parts?: never; readonly why: string } {
  const wrong = (what: string) => ({ why: `${what}: qemu+ssh://USER@HOST/system.` });
  const match = /^([a-z][a-z0-9]*)\+ssh:\/\/(?:([^@/?#]+)@)?(\[[0-9a-fA-F:.%a-z]+\]|[^@/?#:[\]]+)(?::(\d{1,5}))?\/([a-z]+)$/.exec(uri);
  if (match === null)
    return wrong(
      "It has to be written like this, without parameters, as keys, programs and known hosts are settings of ssh (~/.ssh/config)",
    );
  const [, driver = "", written, bracketed = "", digits, path = ""] = match;
  const host = bracketed.replace(/^\[|\]$/g, "");
  const port = digits === undefined ? null : Number(digits);
  if (!/^[\w.%:-]+$/.test(host) || host.startsWith("-")) return wrong("The name of the host holds characters that no host name has");
  const user = written === undefined ? null : decoded(written);
  if (user !== null && !/^[\w.@+-]+$/.test(user)) return wrong("The name of the user holds characters that no user name has");
  if (user?.startsWith("-") === true) return wrong("The name of the user begins with a hyphen");
  if (port !== null && (port < 1 || port > 65_535)) return wrong("Ports go from 1 to 65535");
  return { parts: { driver, user, host, port, path } };
}

/** Without percent-encoding; empty, which is no name, where that is damaged. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
