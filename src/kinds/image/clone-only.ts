import { defaultDriver, driverOf } from "../../drivers/index.ts";
import { cloneAddresses } from "../config/clone-addresses.ts";
import type { Wanted } from "../config/wanted.ts";
import type { ImageConfig } from "../config.ts";

/**
 * Bytes of an image whose disks are all cloned within their storage, so it is not needed in the cache (Nova RBD-03);
 * null for any other. A kernel or ramdisk is a file whatever the backend, and what is published is uploaded from the cache.
 */
export function cloneOnly({ config, facts }: Wanted, name: string, image: ImageConfig): number | null {
  const addresses = cloneAddresses(image);
  if (addresses.length === 0 || image.publish !== undefined) return null;
  const usual = config.host?.images_type ?? defaultDriver;
  const users = [...Object.values(config.instances ?? {}), ...Object.values(config.volumes ?? {})].filter((user) => user.image === name);
  const backends = users.length === 0 ? [usual] : users.map((user) => user.images_type ?? usual);
  const booted = Object.values(config.images ?? {}).some(({ kernel, ramdisk }) => kernel === name || ramdisk === name);
  // A clone shares the bytes of the image, which are not encrypted.
  if (users.some(({ encryption }) => encryption !== undefined)) return null;
  const sizes = backends.map((backend) => driverOf(backend).clone?.from(facts.drivers[backend], addresses));
  return !booted && sizes.every((size) => size !== undefined) ? (sizes[0] ?? null) : null;
}
