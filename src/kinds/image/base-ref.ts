import type { BaseRef } from "../../drivers/driver.ts";
import { cacheEntryName, layoutOf } from "../../model/layout.ts";
import { cloneAddresses } from "../config/clone-addresses.ts";
import { declared } from "../config/declared.ts";
import type { Wanted } from "../config/wanted.ts";
import type { Config } from "../config.ts";
import { imageId } from "./desired.ts";
import { baseFormat } from "./formats.ts";

const refs = new WeakMap<Config, Map<string, { readonly settings: Wanted["settings"]; readonly ref: BaseRef }>>();

/** The base image that a disk of an instance is made from; kernels and ramdisks are raw files whatever they hold. */
export function baseRef(wanted: Pick<Wanted, "settings" | "config">, name: string, bootFile: boolean): BaseRef {
  // Remembered: a thousand disks are made from a few images.
  const ofConfig = refs.get(wanted.config) ?? new Map();
  refs.set(wanted.config, ofConfig);
  const key = `${bootFile} ${name}`;
  const known = ofConfig.get(key);
  if (known?.settings === wanted.settings) return known.ref;
  const ref = refOf(wanted, name, bootFile);
  ofConfig.set(key, { settings: wanted.settings, ref });
  return ref;
}

function refOf({ settings, config }: Pick<Wanted, "settings" | "config">, name: string, bootFile: boolean): BaseRef {
  const image = declared(config.images, name);
  const entry = cacheEntryName(imageId(image, config.project));
  return {
    image: name,
    entry,
    path: layoutOf(settings).baseImage(entry),
    format: bootFile ? "raw" : baseFormat(image.disk_format, settings.forceRawImages),
    cloneFrom: cloneAddresses(image),
  };
}
