import type { Context } from "../../model/context.ts";
import type { Host } from "../../model/host.ts";
import type { Libvirt } from "./face.ts";
import { createLibvirt } from "./virsh-libvirt.ts";
import { createVirshPool } from "./virsh-pool.ts";

export type { DomainPower, DomainRecord, DomainWatch, Libvirt, NodeFacts, SecretRecord, StateReason } from "./face.ts";

/** Starts beyond this many side by side gain nothing on usual hosts and make libvirtd complain. */
const conversations = 4;

const known = new WeakMap<Host, Map<string, Libvirt>>();

/** The libvirt of this context's host and URI; the same one for every call with the same host, closed with the host. */
export function libvirtOf(context: Pick<Context, "host" | "settings">): Libvirt {
  const { host, settings } = context;
  const uri = host.libvirtUri ?? settings.uri;
  const ofHost = known.get(host) ?? new Map<string, Libvirt>();
  known.set(host, ofHost);
  const existing = ofHost.get(uri);
  if (existing !== undefined) return existing;
  const pool = createVirshPool(host, uri, conversations);
  const libvirt = createLibvirt(pool, uri);
  ofHost.set(uri, libvirt);
  host.onClose(async () => {
    ofHost.delete(uri);
    await pool.close();
  });
  return libvirt;
}
