import { type Packing, packingOfName, stepsOf } from "../../model/packing.ts";
import type { ImageConfig } from "../config.ts";
import { isFromGlance } from "./with-source-images.ts";

/**
 * How an image is packed: as the file says, else by the ending of its source. The name of an image in Glance says nothing about its bytes, and of its
 * container formats only `ova` says how to unpack it.
 */
export function packingOf(
  { unpack, source, disk_format, found }: Pick<ImageConfig, "unpack" | "source" | "disk_format" | "found">,
  bootFile: boolean,
): Packing {
  const packing = unpack ?? (bootFile ? "none" : isFromGlance(source) ? packingIn(found) : packingOfName(source));
  if (disk_format !== "root-tar") return packing;
  // The archive is the content: it stays one.
  const { compression } = stepsOf(packing);
  return compression ?? "none";
}

function packingIn(found: ImageConfig["found"]): Packing {
  return found?.containerFormat === "ova" ? "ova" : "none";
}
