import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { Resource } from "../../model/resource.ts";
import { glanceSettings, signersIn } from "../../sources/glance/settings.ts";
import { isSourceProblem, sourceOf } from "../../sources/index.ts";
import type { SourceProblem } from "../../sources/source.ts";
import { isTaken } from "../config/is-taken.ts";
import { isFromGlance } from "../config/with-source-images.ts";
import type { Config } from "../config.ts";
import { checkAccess } from "./access-check.ts";
import { cachedImage } from "./address.ts";
import { checkBaseSignature } from "./base-signature-check.ts";
import { checkQuota } from "./check-quota.ts";
import { checkCloudRules } from "./cloud-rules.ts";
import { checkDecompressor } from "./decompressor-check.ts";
import { expectedOf } from "./expected-base.ts";
import { checkFound } from "./found-check.ts";
import { isGoneCode } from "./is-gone.ts";
import { checkLocations } from "./location-check.ts";
import { checkMirrors } from "./mirrors-check.ts";
import { checkRootArchive } from "./root-archive-check.ts";
import { baseConflict } from "./sidecar.ts";
import { checkSigned } from "./signed-check.ts";
import type { ImageSpec, ImageState } from "./spec.ts";
import { checkTaken } from "./taken-check.ts";

/** What is wrong with images as they are used and cached. */
export function checkImages(resources: readonly Resource<ImageSpec>[], observed: Observed, config: Config): Diagnostic[] {
  return [
    ...checkPins(resources),
    ...checkQuota(resources, observed, config),
    ...checkCloudRules(resources, observed),
    ...checkSigners(config),
    ...resources.flatMap((resource) => [
      ...checkSource(resource, observed),
      ...checkMirrors(resource),
      ...checkAccess(resource, isFetched(resource.spec, observed), observed),
      ...(isFetched(resource.spec, observed) ? [...checkDecompressor(resource, observed), ...checkRootArchive(resource, observed)] : []),
      ...checkSigned(resource, observed),
      ...checkFound(resource, isFetched(resource.spec, observed)),
      ...checkBaseSignature(resource, observed),
      ...checkTaken(resource, observed, config),
      ...checkCache(resource, observed),
      ...checkTwins(resource, resources),
      ...checkFlavors(resource.spec, observed, config),
      ...checkLocations(resource.spec, config, observed.facts, stateOf(resource.spec, observed) !== undefined),
    ]),
  ];
}

/** What asks for signatures needs a certificate that is trusted. */
function checkSigners({ glance }: Config): Diagnostic[] {
  const settings = glanceSettings(glance);
  const key = settings.keyManager ? "key_manager" : settings.verifySignatures ? "verify_glance_signatures" : undefined;
  if (key === undefined || signersIn(settings) !== null) return [];
  const detail =
    "A certificate that an image names proves nothing by itself. Name the certificates that are trusted in glance.trusted_certificates or glance.default_trusted_certificate_ids.";
  return [problem("image-signers-missing", { summary: `glance.${key} needs trusted certificates`, detail, pointer: ["glance", key] })];
}

/** One warning for all of them: a guest's image often comes with a kernel and a ramdisk. */
function checkPins(resources: readonly Resource<ImageSpec>[]): Diagnostic[] {
  // What is cloned has no bytes here to compare, and a protected snapshot does not change.
  // An image service has a digest of its own.
  const unpinned = resources.filter(
    ({ spec }) =>
      spec.checksum === null &&
      spec.signed === null &&
      spec.cloneSize === null &&
      spec.mirrors === undefined &&
      !isFromGlance(spec.source) &&
      !isTaken(spec.source),
  );
  const [first, second] = unpinned;
  if (first === undefined) return [];
  const names = unpinned.map(({ spec }) => spec.name);
  const alone = second === undefined;
  const summary = alone
    ? `Image ${names[0]} has no checksum`
    : `Images ${names.slice(0, -1).join(", ")} and ${names.at(-1)} have no checksum`;
  const [_source, command] = alone ? ["its source", "it writes the checksum"] : ["their sources", "it writes the checksums"];
  const detail = `Downloads are not verified; hosts may end up with different content. Run \`virtform image lock ${names.join(" ")}\`: ${command} into the file.`;
  return [
    problem(
      "image-without-checksum",
      { summary, detail, lasting: true, ...(alone ? { address: first.address } : { pointer: ["images", first.spec.name] }) },
      "warning",
    ),
  ];
}

/** Sources that nothing can be fetched from are reported when planning, not halfway through an apply. */
function checkSource({ address, spec }: Resource<ImageSpec>, observed: Observed): Diagnostic[] {
  const source = sourceOf(spec.source);
  // What a guest of an image in Glance is like follows from the service, also when the image is in the cache.
  const isAsked = isFetched(spec, observed) || (isFromGlance(spec.source) && spec.found === null);
  const found = isSourceProblem(source) ? source : isAsked ? observed.facts.sources[spec.source]?.problem : undefined;
  if (found === undefined) return isAsked ? [] : checkState(address, observed.facts.sources[spec.source]?.problem);
  const peers = isGoneCode(found.code) && !isSourceProblem(source) ? observed.facts.peers?.[spec.entry] : undefined;
  if (peers === undefined) return [problem(found.code, { ...found, address, key: ["source"] })];
  if (peers.from !== null) return [];
  const detail = `${found.detail} No peer can give its base image either: ${peers.others.join(" ")}`;
  return [problem(found.code, { ...found, detail, address, key: ["source"] })];
}

/** An image that is in the cache and may no longer be fetched: guests still get it. */
function checkState(address: Resource<ImageSpec>["address"], found: SourceProblem | undefined): Diagnostic[] {
  if (found?.code !== "glance-image-not-active") return [];
  const { code, summary, detail } = found;
  return [problem(code, { summary, detail: `Its base image stays, also for new guests. ${detail}`, address, key: ["source"] }, "warning")];
}

function checkCache({ address, spec }: Resource<ImageSpec>, observed: Observed): Diagnostic[] {
  const state = stateOf(spec, observed);
  const conflict = state === undefined ? undefined : baseConflict(spec, state.sidecar);
  if (conflict !== undefined) {
    return [
      problem("base-image-conflict", {
        summary: `The base image of ${spec.name} does not match the configuration`,
        detail: conflict,
        address,
      }),
    ];
  }
  const unknown = observed.unmanaged.find(({ what, name }) => (what === "base-file" || what === "cache-file") && name === spec.entry);
  if (unknown === undefined) return [];
  const detail = `A file in the image cache has the name of its base image, ${spec.entry}, and its sidecar file, ${spec.entry}.json, is missing or damaged. virtform neither uses nor replaces it: ${remedyOfUnknown(unknown.disks ?? [])}`;
  return [problem("base-file-unknown", { summary: `An unknown file blocks the cache entry of image ${spec.name}`, detail, address })];
}

/** A base image that disks are backed by holds their data. */
function remedyOfUnknown(disks: readonly string[]): string {
  if (disks.length === 0) return "move it away.";
  const shown = `${disks.slice(0, 3).join(", ")}${disks.length > 3 ? ` and ${disks.length - 3} more` : ""}`;
  return `leave it where it is, because ${shown} ${disks.length === 1 ? "is" : "are"} backed by it. Restore the sidecar file from a backup; where there was none, as in a cache of Nova, name another directory in host.image_cache_subdirectory_name.`;
}

/** Two names for the same bytes share one base, so they have to agree on what the bytes are. */
function checkTwins({ address, spec }: Resource<ImageSpec>, resources: readonly Resource<ImageSpec>[]): Diagnostic[] {
  const twin = resources.find((other) => other.spec.entry === spec.entry);
  if (twin === undefined || twin.address === address) return [];
  const { spec: first } = twin;
  if (
    first.diskFormat === spec.diskFormat &&
    first.format === spec.format &&
    first.bootFile === spec.bootFile &&
    first.unpack === spec.unpack
  )
    return [];
  const detail = `Images ${first.name} and ${spec.name} have the same bytes and share one base image, but differ in disk_format, in unpack, or in whether disks are made from them.`;
  return [
    problem("same-image-different-use", {
      summary: `Images ${first.name} and ${spec.name} contradict each other`,
      detail,
      address,
      key: ["disk_format"],
    }),
  ];
}

/** Nova BLD-20 and SIZE-01: memory and root disk must be enough for the image. */
function checkFlavors(spec: ImageSpec, observed: Observed, config: Config): Diagnostic[] {
  const virtualSize = stateOf(spec, observed)?.sidecar.virtualSize ?? spec.cloneSize ?? sizeAtSource(spec, observed) ?? 0;
  const found: Diagnostic[] = [];
  for (const [name, instance] of Object.entries(config.instances ?? {})) {
    const flavor = config.flavors?.[instance.flavor];
    if (instance.image !== spec.name || instance.count === 0 || flavor === undefined) continue;
    const { disk, ram } = flavor;
    const tooLittle = (code: string, what: string, given: number, needed: number): Diagnostic =>
      problem(code, {
        summary: `Instance ${name}: flavor ${instance.flavor} has too little ${what} for image ${spec.name}`,
        detail: `The flavor gives ${formatQuantity(given)} and the image needs ${formatQuantity(needed)}. Use a larger flavor for ${name}, or another image.`,
        address: `image/${spec.name}`,
        pointer: ["instances", name, "flavor"],
      });
    if (ram < spec.minRam) found.push(tooLittle("flavor-memory-too-small", "memory", ram, spec.minRam));
    // A CD has the size that it has; the flavor's disk says nothing about it.
    if (disk === 0 || spec.diskFormat === "iso") continue;
    if (disk < spec.minDisk) found.push(tooLittle("flavor-disk-smaller-than-min-disk", "disk", disk, spec.minDisk));
    if (disk < virtualSize) found.push(tooLittle("flavor-disk-smaller-than-image", "disk", disk, virtualSize));
  }
  return found;
}

/** Bytes of the disk that an image will be, as far as its source says so before it is fetched. */
function sizeAtSource(spec: ImageSpec, { facts }: Observed): number | null {
  const source = facts.sources[spec.source];
  const { virtualSize } = expectedOf(source, spec);
  return virtualSize ?? (spec.diskFormat === "qcow2" && spec.unpack === "none" ? (source?.virtualSize ?? null) : null);
}

/** Whether the plan fetches an image. */
function isFetched(spec: ImageSpec, observed: Observed): boolean {
  return spec.cloneSize === null && stateOf(spec, observed) === undefined;
}

function stateOf(spec: ImageSpec, observed: Observed): ImageState | undefined {
  return cachedImage(observed, spec.entry);
}
