import { type Packing, packingOfName } from "../../model/packing.ts";
import type { ImageConfig } from "../config.ts";
import { isFromGlance } from "./with-source-images.ts";

/** How an image is packed: as the file says, else by the ending of its source. The name of an image in Glance says nothing about its bytes. */
export function packingOf({ unpack, source }: Pick<ImageConfig, "unpack" | "source">, bootFile: boolean): Packing {
  return unpack ?? (bootFile || isFromGlance(source) ? "none" : packingOfName(source));
}
