import type { Context } from "../../model/context.ts";
import { perHost } from "../../model/per-host.ts";
import { createCaller } from "./caller.ts";
import { createLibvirt } from "./client.ts";
import type { Libvirt } from "./face.ts";

export type {
  DomainPower,
  DomainRecord,
  DomainStanding,
  DomainWatch,
  FilterBinding,
  FilterRecord,
  Libvirt,
  NodeFacts,
  SecretRecord,
  StateReason,
} from "./face.ts";
export type { NetworkFace, NetworkRecord, NetworkUpdate } from "./network-face.ts";

const connectionsOf = perHost(() => new Map<string, Libvirt>());

/** What the daemon on this context's host is asked to open: `qemu:///system`, also where the configured URI leads over ssh. */
export function libvirtUriOf({ host, settings }: Pick<Context, "host" | "settings">): string {
  return host.libvirtUri ?? settings.uri;
}

/** The libvirt of this context's host; one object per host and URI, closed with the host. `uri`: that of another connection of the same host. */
export function libvirtOf(context: Pick<Context, "host" | "settings" | "looksOnly">, uri = libvirtUriOf(context)): Libvirt {
  const { host, looksOnly = false } = context;
  const ofHost = connectionsOf(host);
  const key = `${looksOnly} ${uri}`;
  const existing = ofHost.get(key);
  if (existing !== undefined) return existing;
  const libvirt = createLibvirt(createCaller({ host, uri, looksOnly }));
  ofHost.set(key, libvirt);
  host.onClose(async () => {
    ofHost.delete(key);
    await libvirt.close();
  });
  return libvirt;
}
