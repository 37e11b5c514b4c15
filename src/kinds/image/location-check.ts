import type { Diagnostic } from "../../model/diagnostic.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import { parseRbdAddress } from "../../tools/rbd/address.ts";
import { cloneAddresses } from "../config/clone-addresses.ts";
import type { Config } from "../config.ts";
import type { ImageSpec } from "./spec.ts";

/** Locations that nothing can be cloned from (Nova RBD-04), and why. `cached`: the image is here, and nobody has to wonder why it is fetched. */
export function checkLocations(
  { name, diskFormat, cloneSize }: ImageSpec,
  config: Config,
  facts: HostFacts,
  cached: boolean,
): Diagnostic[] {
  const image = config.images?.[name];
  const address = `image/${name}` as const;
  if (image === undefined) return [];
  const locations = image.locations ?? [];
  const broken = locations.filter((location) => parseRbdAddress(location) === undefined);
  if (broken.length > 0) {
    const detail = `${broken.join(", ")}: a part is empty, or its percent signs do not decode. Write rbd://FSID/POOL/IMAGE/SNAPSHOT.`;
    return [
      { severity: "error", code: "image-location-invalid", summary: `Image ${name} has a location that cannot be read`, detail, address },
    ];
  }
  if (diskFormat !== "raw") {
    const detail = `It is ${diskFormat}, and a clone would hold the bytes as they are, which only a raw image can be used by. It is fetched from its source. Store a raw copy in Ceph, or leave locations out.`;
    return locations.length === 0
      ? []
      : [
          {
            severity: "warning",
            code: "image-location-unused",
            summary: `Image ${name} cannot be cloned from its locations`,
            detail,
            address,
          },
        ];
  }
  const ceph = facts.storage?.rbd;
  if (cached || cloneSize !== undefined || ceph === undefined || !usedInCeph(config, name)) return [];
  const addresses = cloneAddresses(image);
  if (addresses.length === 0 || addresses.some((one) => ceph.cloneable?.[one] !== undefined)) return [];
  const reasons = addresses.map((one) => {
    const why =
      parseRbdAddress(one)?.fsid === ceph.fsid ? "not there, not protected, or not to be read by this user" : "in another cluster";
    return `${one} is ${why}`;
  });
  const detail = `${reasons.join("; ")}. This host's cluster is ${ceph.fsid}; \`rbd snap protect\` protects a snapshot. Until then the image is fetched and imported.`;
  return [{ severity: "note", code: "image-not-cloned", summary: `Disks of image ${name} are not cloned`, detail, address }];
}

function usedInCeph({ host, instances = {}, volumes = {} }: Config, name: string): boolean {
  return [...Object.values(instances), ...Object.values(volumes)].some(
    (user) => user.image === name && (user.images_type ?? host?.images_type) === "rbd",
  );
}
