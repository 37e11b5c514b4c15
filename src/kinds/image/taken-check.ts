import type { Address } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { SourceFacts } from "../../model/host-facts.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { parseTakenAddress, type TakenAddress } from "../../sources/taken-address.ts";
import { followedChain } from "../chain/followed.ts";
import { flag } from "../config/hardware/value-rule.ts";
import { instanceNames } from "../config/instance-names.ts";
import { rootVolumeOf } from "../config/root-volume-of.ts";
import { withSourceImages } from "../config/with-source-images.ts";
import type { Config, InstanceConfig } from "../config.ts";
import { volumes } from "../terms/volume-address.ts";
import { cachedImage } from "./address.ts";
import type { ImageSpec } from "./spec.ts";

/**
 * Mistakes of an image that is taken from a disk: its format, a disk that is made from this image, directly or by way of others, and a volume whose
 * guest writes to a layer above it. Pure.
 */
export function checkTaken({ address, spec }: Resource<ImageSpec>, observed: Observed, config: Config): Diagnostic[] {
  const from = parseTakenAddress(spec.source);
  if (from === undefined) return [];
  const { name, diskFormat } = spec;
  const circle = circleOf(name, config);
  const isFetched = cachedImage(observed, spec.entry) === undefined;
  const volume = from.kind === "volume" && isFetched ? observed.get(volumes.at(from.name)) : undefined;
  const chain = volume === undefined ? null : followedChain(volume, observed);
  const found = observed.facts.sources[spec.source];
  const conflict = isFetched && found?.problem === undefined ? conflictOf(from, config) : undefined;
  return [
    ...(diskFormat === "raw"
      ? []
      : [
          problem("image-format-mismatch", {
            summary: `Image ${name} is taken as a raw disk`,
            detail: `What is copied from a disk is raw, and disk_format says ${diskFormat}. Write disk_format: raw.`,
            address,
            key: ["disk_format"],
          }),
        ]),
    ...(circle === undefined
      ? []
      : [
          problem("image-of-itself", {
            summary: `Image ${name} is taken from a disk that is made from it`,
            detail: `The circle: ${circle.join(" ← ")}. Take the image from a disk that has another image.`,
            address,
            key: ["source"],
          }),
        ]),
    ...(chain === null || chain.above.length === 0
      ? []
      : [
          problem("instance-disk-in-use", {
            summary: `The disk of volume ${from.name} has layers above it`,
            detail: `${chain.instance} writes to ${chain.top.source}, a layer of a snapshot. Merge it first (virsh blockcommit).`,
            address,
            key: ["source"],
          }),
        ]),
    ...(isFetched ? checkQuiesce(from, address, found, withSourceImages(config, observed.facts)) : []),
    ...(conflict === undefined ? [] : [problem("instance-disk-in-use", { ...conflict, address, key: ["source"] })]),
  ];
}

/** An image can ask that the file systems of its guests are frozen while their disks are copied (Nova ImageQuiesceNotPossible). */
function checkQuiesce(from: TakenAddress, address: Address, found: SourceFacts | undefined, config: Config): Diagnostic[] {
  if (found?.running !== true || found.consistent === true) return [];
  const image = runningImage(from, config);
  const asked = image === undefined ? undefined : config.images?.[image]?.properties?.["os_require_quiesce"];
  if (asked === undefined || !flag.read(asked)) return [];
  return [
    problem("guest-not-frozen", {
      summary: `The file systems of ${from.kind} ${from.name} cannot be frozen`,
      detail: `Image ${image} has os_require_quiesce, so its file systems must be frozen while an image is taken. Start the guest agent in the guest, resume the guest if it is paused, or shut it down first.`,
      address,
      key: ["source"],
    }),
  ];
}

/** The image of the instance, or of the one that has the volume, by the configuration: it says what is asked of the guest. */
function runningImage(from: TakenAddress, config: Config): string | undefined {
  const { volumes: declared = {}, instances = {} } = config;
  const has = ([key, { count, volumes: attached = [] }]: [string, InstanceConfig]) =>
    from.kind === "volume" ? attached.some(({ volume }) => volume === from.name) : instanceNames(key, count).includes(from.name);
  const guest = Object.entries(instances).find(has)?.[1];
  if (guest === undefined) return guestImage(from, config);
  return guest.image ?? declared[rootVolumeOf(guest) ?? ""]?.image;
}

/** The image of the instance or volume, by the configuration. */
function guestImage({ kind, name }: TakenAddress, { volumes: declared = {}, instances = {} }: Config): string | undefined {
  if (kind === "volume") return declared[name]?.image;
  return Object.entries(instances).find(([key, { count }]) => instanceNames(key, count).includes(name))?.[1].image;
}

/** What the same apply would do to the disk. Other changes of its guest wait for the image. */
function conflictOf(
  from: TakenAddress,
  { instances = {}, volumes: declared = {} }: Config,
): { summary: string; detail: string } | undefined {
  const { kind, name } = from;
  const isDeclared =
    kind === "instance"
      ? Object.entries(instances).some(([key, { count }]) => instanceNames(key, count).includes(name))
      : declared[name] !== undefined;
  if (isDeclared) return undefined;
  return {
    summary: `The ${kind} ${name} would be removed while an image is taken from it`,
    detail: `The configuration no longer declares it. Declare it until the image is taken, and remove it afterwards.`,
  };
}

/** The images and disks from this image back to itself; undefined where there is no circle. */
function circleOf(start: string, config: Config): string[] | undefined {
  const way: string[] = [];
  const seen = new Set<string>();
  for (let name: string | undefined = start; name !== undefined; ) {
    if (seen.has(name)) return name === start ? [...way, `image ${name}`] : undefined;
    seen.add(name);
    const from = parseTakenAddress(config.images?.[name]?.source ?? "");
    if (from === undefined) return undefined;
    way.push(`image ${name}`, `${from.kind} ${from.name}`);
    name = imageOf(from, config);
  }
  return undefined;
}

/** The image that the disk is made from, by the configuration. */
function imageOf(from: TakenAddress, config: Config): string | undefined {
  // The other disks of an instance are made from nothing.
  return from.kind === "instance" && from.file !== "disk" ? undefined : guestImage(from, config);
}
