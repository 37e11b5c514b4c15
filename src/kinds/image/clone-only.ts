import type { HostFacts } from "../../model/host-facts.ts";
import { cloneAddresses } from "../config/clone-addresses.ts";
import type { Config, ImageConfig } from "../config.ts";

/**
 * Bytes of an image whose disks are all cloned within their Ceph cluster, so that nobody needs it in the cache (Nova RBD-03);
 * undefined for any other. A kernel or ramdisk is a file whatever the backend.
 */
export function cloneOnly(config: Config, name: string, image: ImageConfig, facts: HostFacts | undefined): number | undefined {
  const cloneable = facts?.storage?.rbd?.cloneable ?? {};
  const size = cloneAddresses(image).flatMap((address) => cloneable[address] ?? [])[0];
  if (size === undefined) return undefined;
  const usual = config.host?.images_type ?? "qcow2";
  const users = [...Object.values(config.instances ?? {}), ...Object.values(config.volumes ?? {})].filter((user) => user.image === name);
  const backends = users.length === 0 ? [usual] : users.map((user) => user.images_type ?? usual);
  const booted = Object.values(config.images ?? {}).some(({ kernel, ramdisk }) => kernel === name || ramdisk === name);
  return !booted && backends.every((backend) => backend === "rbd") ? size : undefined;
}
