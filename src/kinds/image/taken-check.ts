import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { parseInstanceAddress } from "../../sources/instance.ts";
import { instanceNames } from "../config/instance-names.ts";
import type { Config } from "../config.ts";
import type { ImageSpec } from "./spec.ts";

/** Mistakes of an image that is taken from an instance: its format, and an instance that is made from this image, directly or by way of others. Pure. */
export function checkTaken({ address, spec }: Resource<ImageSpec>, config: Config): Diagnostic[] {
  if (parseInstanceAddress(spec.source) === undefined) return [];
  const { name, diskFormat } = spec;
  const circle = circleOf(name, config);
  return [
    ...(diskFormat === "raw"
      ? []
      : [
          problem("image-format-mismatch", {
            summary: `Image ${name} is taken as a raw disk`,
            detail: `What is copied from an instance is raw, and disk_format says ${diskFormat}. Write disk_format: raw.`,
            address,
            key: ["disk_format"],
          }),
        ]),
    ...(circle === undefined
      ? []
      : [
          problem("image-of-itself", {
            summary: `Image ${name} is taken from an instance that is made from it`,
            detail: `The way back: ${circle.join(" ← ")}. Take the image from an instance that has another image.`,
            address,
            key: ["source"],
          }),
        ]),
  ];
}

/** The images and instances from this image back to itself; undefined where there is no circle. */
function circleOf(start: string, { images = {}, instances = {} }: Config): string[] | undefined {
  const way: string[] = [];
  const seen = new Set<string>();
  for (let name: string | undefined = start; name !== undefined; ) {
    if (seen.has(name)) return name === start ? [...way, `image ${name}`] : undefined;
    seen.add(name);
    const from: string | undefined = parseInstanceAddress(images[name]?.source ?? "")?.instance;
    if (from === undefined) return undefined;
    const found: string | undefined = Object.entries(instances).find(([key, { count }]) => instanceNames(key, count).includes(from))?.[1]
      .image;
    way.push(`image ${name}`, `instance ${from}`);
    name = found;
  }
  return undefined;
}
