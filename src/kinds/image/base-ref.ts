import type { BaseRef } from "../../drivers/driver.ts";
import { cacheEntryName, createLayout } from "../../model/layout.ts";
import { cloneAddresses } from "../config/clone-addresses.ts";
import { declared } from "../config/declared.ts";
import type { Wanted } from "../config/wanted.ts";
import { imageId } from "./desired.ts";
import { baseFormat } from "./formats.ts";

/** The base image that a disk of an instance is made from; kernels and ramdisks are raw files whatever they hold. */
export function baseRef({ settings, config }: Pick<Wanted, "settings" | "config">, name: string, bootFile: boolean): BaseRef {
  const image = declared(config.images, name);
  const entry = cacheEntryName(imageId(image, config.project));
  return {
    image: name,
    entry,
    path: createLayout(settings.instancesPath).baseImage(entry),
    format: bootFile ? "raw" : baseFormat(image.disk_format, settings.forceRawImages),
    cloneFrom: cloneAddresses(image),
  };
}
