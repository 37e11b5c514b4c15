import type { HostFacts } from "../../model/host-facts.ts";
import type { SourceImage } from "../../model/source-image.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { glanceSettings, signersIn } from "../../sources/glance/settings.ts";
import { imageSignature } from "../../tools/signature/image-signature.ts";
import type { Config, ImageConfig } from "../config.ts";
import { imageSchema } from "../image/schema.ts";
import { propertiesOfSource } from "./source-properties.ts";

const known = new WeakMap<HostFacts, WeakMap<Config, Config>>();

/**
 * The configuration with what image services say about its images: format, id, min_disk, min_ram and properties, each unless the file has
 * it. Gives the same object for the same arguments. Pure.
 */
export function withSourceImages(config: Config, facts: HostFacts): Config {
  const { images } = config;
  if (images === undefined) return config;
  const made = known.get(facts) ?? new WeakMap<Config, Config>();
  known.set(facts, made);
  const before = made.get(config);
  if (before !== undefined) return before;
  if (!Object.values(images).some(({ source }) => isFromGlance(source))) {
    made.set(config, config);
    return config;
  }
  const signers = signersIn(glanceSettings(config.glance));
  const complete = (image: ImageConfig) => completed(image, facts.sources[image.source]?.image, signers !== null);
  const entries = Object.entries(images).map(([name, image]) => [name, complete(image)] as const);
  const result: Config = { ...config, images: Object.fromEntries(entries) };
  made.set(config, result);
  // The result is complete: asked about it, this gives it back.
  made.set(result, result);
  return result;
}

/** Whether an address is that of an image in Glance, which has a format of its own. */
export function isFromGlance(source: string): boolean {
  return /^glance(?:\+http)?:\/\//.test(source);
}

function completed(image: ImageConfig, found: SourceImage | undefined, checksSignatures: boolean): ImageConfig {
  if (!isFromGlance(image.source)) return image;
  // `checkImages` reports an image that was not found. It is planned as raw.
  if (found === undefined) return { ...image, disk_format: image.disk_format ?? "raw" };
  const { taken } = propertiesOfSource(found.properties);
  // The bytes of a clone are not read, so a signature that is checked needs a fetched image.
  const mustBeFetched = checksSignatures && imageSignature(found.properties) !== null;
  return {
    ...image,
    ...withoutUndefined({
      disk_format: image.disk_format ?? diskFormat(found.diskFormat) ?? "raw",
      min_disk: image.min_disk ?? (found.minDisk === 0 ? undefined : found.minDisk),
      min_ram: image.min_ram ?? (found.minRam === 0 ? undefined : found.minRam),
      locations: image.locations ?? (mustBeFetched ? undefined : cephLocations(found)),
    }),
    properties: { ...taken, ...image.properties },
    found,
  };
}

/** The format that Glance names; undefined for one that virtform does not have. */
export function diskFormat(name: string | null): ImageConfig["disk_format"] | undefined {
  return imageSchema.properties.disk_format.enum.find((format) => format === name);
}

function cephLocations({ locations }: SourceImage): string[] | undefined {
  const found = locations.filter((url) => /^rbd:\/\/[^/\s]+\/[^/\s]+\/[^/\s]+\/[^/\s]+$/.test(url)).slice(0, 16);
  return found.length === 0 ? undefined : found;
}
