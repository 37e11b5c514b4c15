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

/** Why virtform cannot use a libvirt URI, and what to write instead; undefined when it can. */
export function uriProblem(uri: string): { readonly summary: string; readonly detail: string } | undefined {
  const match = /^([a-z][a-z0-9]*)(?:\+([a-z0-9]+))?:\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(uri);
  if (match === null) return { summary: `${uri} is no libvirt URI`, detail: remedy };
  const [, , transport, host = ""] = match;
  if (transport === "ssh") return undefined;
  if (transport !== undefined && transport !== "unix") {
    const what = unspoken[transport];
    const summary = `libvirt's transport ${transport}${what === undefined ? "" : ` (${what})`} is not supported: ${uri}`;
    return { summary, detail: `libvirt is reached through its unix socket, on another machine through ssh. ${remedy}` };
  }
  if (host !== "") return { summary: `${uri} names a host without a supported transport`, detail: remedy };
  return undefined;
}
