import type { DiskSpec, NetworkAttachment, Surroundings } from "../driver.ts";
import { cephFacts, rbdSettings } from "./settings.ts";

/** How a guest gets an image in Ceph (Nova RBD-11). Pure. */
export function rbdAttachment(
  disk: Pick<DiskSpec, "uuid" | "name" | "place" | "encryption">,
  { settings, facts }: Surroundings,
): NetworkAttachment {
  const { pool, user, secretUuid } = rbdSettings(settings) ?? { pool: "", user: null, secretUuid: null };
  return {
    type: "network",
    protocol: "rbd",
    format: "raw",
    source: `${disk.place ?? pool}/${disk.uuid}_${disk.name}`,
    hosts: (cephFacts(facts)?.monitors ?? []).map(splitHost),
    auth: user === null || secretUuid === null ? null : { user, secretUuid },
    secretUuid: disk.encryption?.secretUuid ?? null,
  };
}

/** `[::1]:6789` without its brackets, as libvirt wants it. */
function splitHost(monitor: string): { name: string; port: string } {
  const colon = monitor.lastIndexOf(":");
  return { name: monitor.slice(0, colon).replace(/^\[|\]$/g, ""), port: monitor.slice(colon + 1) };
}
