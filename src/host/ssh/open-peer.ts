import { userError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { type OpenPeer, type Peer, peerParts } from "../../model/peer.ts";
import { createSshHost } from "./ssh.ts";
import { parseSshTarget } from "./target.ts";

/** Reaches peers over ssh from this machine, each once. Connections end with those of `host`. */
export function peersBeside(host: Pick<Host, "onClose">): OpenPeer {
  const opened = new Map<string, Peer>();
  return async (address) => {
    const { server } = peerParts(address);
    const known = opened.get(server);
    if (known !== undefined) return known;
    const target = parseSshTarget(`qemu+ssh://${server}/system`);
    if (target === undefined)
      throw userError("remote-host", `Not a host that can be reached: ${address}`, "Write it as [USER@]HOST[:PORT], as for ssh.");
    const peer = createSshHost(target);
    host.onClose(() => peer.close());
    opened.set(server, peer);
    return peer;
  };
}
