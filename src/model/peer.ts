import type { Digests, Files, Upload } from "./host.ts";

/** Another host whose cache may hold a base image (Nova FET-20). */
export interface Peer {
  /** For messages: `root@kvm2`. */
  readonly name: string;
  readonly files: Pick<Files, "readMany" | "statMany">;
  /** Brings a file of the peer to this machine, with its holes. `maxBytes` counts data without holes. When it fails, nothing is left. */
  pull(request: Upload): Promise<{ readonly bytes: number; readonly digests: Digests }>;
}

/** Reaches the peer of an address. It is contacted with the first request, which throws an UnreachableError where that fails. */
export type OpenPeer = (address: string) => Promise<Peer>;

/** The parts of the address of a peer, `ssh://[USER@]HOST[:PORT][/INSTANCES/PATH]`. Pure. */
export function peerParts(address: string): { readonly server: string; readonly instancesPath: string | null } {
  const [, server = "", path = ""] = /^ssh:\/\/([^/]+)(\/.*)?$/.exec(address) ?? [];
  const instancesPath = path.replace(/\/+$/, "");
  return { server, instancesPath: instancesPath === "" ? null : instancesPath };
}
