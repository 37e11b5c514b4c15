import type { ImageSidecar, ImageSpec } from "./spec.ts";

/** Reads a sidecar. Undefined when it is absent or not ours to understand. */
export function parseSidecar(content: Buffer | undefined): ImageSidecar | undefined {
  if (content === undefined) return undefined;
  try {
    const sidecar = JSON.parse(content.toString("utf8")) as ImageSidecar;
    const whole =
      sidecar.version === 1 &&
      [sidecar.id, sidecar.project, sidecar.image, sidecar.source, sidecar.diskFormat].every((value) => typeof value === "string") &&
      (sidecar.format === "raw" || sidecar.format === "qcow2") &&
      Number.isSafeInteger(sidecar.virtualSize) &&
      typeof sidecar.digests?.sha256 === "string";
    return whole ? sidecar : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Why a cached base cannot serve this image, in a sentence; undefined when it can. A base keeps its format
 * permanently, because its overlays have that format written into them.
 */
export function baseConflict(spec: ImageSpec, sidecar: ImageSidecar): string | undefined {
  if (sidecar.format !== spec.format) {
    return `The base image of ${spec.name} is ${sidecar.format} and the configuration now asks for ${spec.format} (force_raw_images). Existing disks are backed by it: set force_raw_images back, or remove the instances and the base image (\`virtform destroy --images\`) first.`;
  }
  const packed = sidecar.unpack ?? "none";
  if (packed !== spec.unpack) {
    return `The base image of ${spec.name} was made from a source packed as ${packed}, and the configuration now says ${spec.unpack} (unpack). Existing disks are backed by it: set unpack back, or remove the instances and the base image (\`virtform destroy --images\`) first.`;
  }
  if (sidecar.bootFile === true && !spec.bootFile) {
    return `The base image of ${spec.name} was fetched as a kernel or ramdisk, so its content has not been checked for use as a disk. Remove it first (\`virtform destroy --images\`).`;
  }
  if (sidecar.diskFormat !== spec.diskFormat && !(isRaw(sidecar) && isRaw(spec))) {
    return `The base image of ${spec.name} was made from the same bytes as ${sidecar.diskFormat}, and the configuration now says ${spec.diskFormat}. Correct disk_format.`;
  }
  const { checksum, signed } = spec;
  // A publisher signs another digest with each new image, so a base image is compared with it once, when it is fetched.
  const isCompared = checksum !== null && (signed === null || signed.pinned || sidecar.signed === undefined);
  const published = isCompared ? sidecar.digests[checksum.algorithm] : undefined;
  if (isCompared && published !== undefined && published !== checksum.hex) {
    return `The base image of ${spec.name} was made from ${checksum.algorithm}:${published}, and its checksum is ${checksum.algorithm}:${checksum.hex}. Correct checksum, or remove the instances and the base image (\`virtform destroy --images\`) first.`;
  }
  // Bytes of an active image never change, and an id can be given again after its image was deleted (Nova GLA-27, GLA-28).
  const stored = spec.found?.digest ?? undefined;
  const fetched = stored === undefined ? undefined : sidecar.digests[stored.algorithm];
  if (stored !== undefined && fetched !== undefined && fetched !== stored.hex) {
    return `The base image of ${spec.name} was made from ${stored.algorithm}:${fetched}, and Glance has ${stored.algorithm}:${stored.hex} under the same id: the image was deleted there, and its id was given to another one. Use an image with an id of its own, or remove the instances and the base image (\`virtform destroy --images\`) first.`;
  }
  const declared = spec.contentChecksum;
  // Of a file that is not packed, the content is the file itself. Digests of another algorithm than was recorded are not known.
  const recorded = declared === null ? undefined : (sidecar.unpacked ?? sidecar.digests)[declared.algorithm];
  if (declared !== null && recorded !== undefined && recorded !== declared.hex) {
    return `The base image of ${spec.name} was made from content with ${declared.algorithm}:${recorded}, and content_checksum says ${declared.algorithm}:${declared.hex}. Correct content_checksum; if the publisher replaced the image, write its new checksum as well.`;
  }
  return undefined;
}

/** Formats whose bytes are the disk's bytes. */
function isRaw({ diskFormat }: { readonly diskFormat: ImageSpec["diskFormat"] }): boolean {
  return ["raw", "ami", "aki", "ari"].includes(diskFormat);
}
