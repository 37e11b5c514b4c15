import type { BaseRef } from "../../drivers/driver.ts";
import { cacheEntryName, createLayout } from "../../model/layout.ts";
import type { HostSettings } from "../../model/settings.ts";
import { cloneAddresses } from "../config/clone-addresses.ts";
import type { ImageConfig } from "../config.ts";
import { imageId } from "./desired.ts";
import { baseFormat } from "./formats.ts";

/** The base image that a disk of an instance is made from; kernels and ramdisks are raw files whatever they hold. */
export function baseRef(settings: HostSettings, name: string, image: ImageConfig, bootFile: boolean): BaseRef {
  const entry = cacheEntryName(imageId(image));
  return {
    image: name,
    entry,
    path: createLayout(settings.instancesPath).baseImage(entry),
    format: bootFile ? "raw" : baseFormat(image.disk_format, settings.forceRawImages),
    cloneFrom: cloneAddresses(image),
  };
}
