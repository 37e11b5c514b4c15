import { allDrivers, defaultDriver, driverOf } from "../../drivers/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import { problem } from "../../model/problem.ts";
import { imageSignature } from "../../tools/signature/image-signature.ts";
import { cloneAddresses } from "../config/clone-addresses.ts";
import type { Config } from "../config.ts";
import type { ImageSpec } from "./spec.ts";

/** Locations that nothing can be cloned from (Nova RBD-04), and why. `cached`: the image is in the cache and is not fetched. */
export function checkLocations(spec: ImageSpec, config: Config, facts: HostFacts, cached: boolean): Diagnostic[] {
  const { name, diskFormat, cloneSize } = spec;
  const image = config.images?.[name];
  const address = `image/${name}` as const;
  if (image === undefined) return [];
  const locations = image.locations ?? [];
  const broken = locations.filter((location) => !allDrivers().some(({ clone }) => clone?.isValid(location) === true));
  if (broken.length > 0) {
    const detail = `${broken.join(", ")}: a part is empty, or its percent signs do not decode. Write ${allDrivers()
      .flatMap(({ clone }) => clone?.form ?? [])
      .join(" or ")}.`;
    return [
      problem("image-location-invalid", {
        summary: `Image ${name} has an invalid location`,
        detail,
        address,
        key: ["locations"],
      }),
    ];
  }
  if (locations.length > 0 && isVerified(spec)) {
    const detail =
      "A clone is not read, so disks would be made of bytes that no signature was compared with. Remove locations: the image is fetched and verified. Or remove what asks for a signature (checksum with file and key, glance.trusted_certificates).";
    return [
      problem("image-location-unverified", {
        summary: `Image ${name} has locations, and its signature is to be checked`,
        detail,
        address,
        key: ["locations"],
      }),
    ];
  }
  if (diskFormat !== "raw") {
    const detail = `It is ${diskFormat}, and a clone has the bytes of the image, so only raw images can be cloned. It is fetched from its source. Store a raw copy in Ceph, or leave locations out.`;
    return locations.length === 0
      ? []
      : [
          problem(
            "image-location-unused",
            { summary: `Image ${name} cannot be cloned from its locations`, detail, address, key: ["locations"] },
            "warning",
          ),
        ];
  }
  if (cached || cloneSize !== null) return [];
  const addresses = cloneAddresses(image);
  if (addresses.length === 0) return [];
  return usedDrivers(config, name).flatMap((driver): Diagnostic[] => {
    const { clone } = driverOf(driver);
    const found = facts.drivers[driver];
    const why = clone?.from(found, addresses) === undefined ? clone?.whyNot(found, addresses) : undefined;
    if (why === undefined) return [];
    const detail = `${why} Until then the image is fetched and imported.`;
    return [problem("image-not-cloned", { summary: `Disks of image ${name} are not cloned`, detail, address, lasting: true }, "note")];
  });
}

/** Whether a signature is compared with the bytes of an image. */
function isVerified({ signed, signers, found }: ImageSpec): boolean {
  return signed !== null || (signers !== null && (signers.required || (found !== null && imageSignature(found.properties) !== null)));
}

function usedDrivers({ host, instances = {}, volumes = {} }: Config, name: string): string[] {
  const users = [...Object.values(instances), ...Object.values(volumes)].filter((user) => user.image === name);
  return [...new Set(users.map((user) => user.images_type ?? host?.images_type ?? defaultDriver))];
}
