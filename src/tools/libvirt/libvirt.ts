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

/** The libvirt of this context's host and URI; one object per host and URI, closed with the host. */
export function libvirtOf({ host, settings, looksOnly = false }: Pick<Context, "host" | "settings" | "looksOnly">): Libvirt {
  const uri = host.libvirtUri ?? settings.uri;
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
