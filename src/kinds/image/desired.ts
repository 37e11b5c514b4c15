import { durationMs } from "../../model/duration.ts";
import type { DigestAlgorithm } from "../../model/host.ts";
import { cacheEntryName } from "../../model/layout.ts";
import type { Resource } from "../../model/resource.ts";
import { uuidV5 } from "../../model/uuid.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { glanceSettings, signersIn } from "../../sources/glance/settings.ts";
import { givenImageId } from "../../sources/index.ts";
import { bootImageNames } from "../config/boot-image-names.ts";
import { declared } from "../config/declared.ts";
import { isTaken } from "../config/is-taken.ts";
import { isWeb } from "../config/is-web.ts";
import { packingOf } from "../config/packing-of.ts";
import { pinnedDigest, signedChecksumOf } from "../config/signed-checksum-of.ts";
import type { Wanted } from "../config/wanted.ts";
import { isFromGlance, withSourceImages } from "../config/with-source-images.ts";
import type { Config, ImageConfig } from "../config.ts";
import { cloneOnly } from "./clone-only.ts";
import { baseFormat } from "./formats.ts";
import type { ImageSpec } from "./spec.ts";
import { volumeUsers } from "./volume-users.ts";

/** All declared images, whether or not an instance uses them (Nova CACHE-10: fetched ahead of time). */
export function desiredImages(written: Wanted): Resource<ImageSpec>[] {
  const wanted = completed(written);
  const bootFiles = bootImageNames(wanted.config);
  return Object.keys(wanted.config.images ?? {}).map((name) => ({ address: `image/${name}`, spec: imageSpec(wanted, name, bootFiles) }));
}

const made = new WeakMap<Config, Pick<Wanted, "facts" | "settings"> & { readonly specs: ReadonlyMap<string, ImageSpec> }>();

/**
 * One declared image: every disk asks for that below it, and each look at all instances for it would take time by the square of their number.
 * Throws for one that is not declared: a bug in the caller.
 */
export function desiredImage(written: Wanted, name: string): ImageSpec {
  const { config, facts, settings } = written;
  const before = made.get(config);
  const isSame = before?.facts === facts && before.settings === settings;
  const specs = isSame ? before.specs : new Map(desiredImages(written).map(({ spec }) => [spec.name, spec]));
  if (!isSame) made.set(config, { facts, settings, specs });
  const spec = specs.get(name);
  if (spec === undefined) throw new Error(`no image ${name}`);
  return spec;
}

/** With what image services say about images. */
function completed(wanted: Wanted): Wanted {
  return { ...wanted, config: withSourceImages(wanted.config, wanted.facts) };
}

function imageSpec(wanted: Wanted, name: string, bootFiles: ReadonlySet<string>): ImageSpec {
  const { config, settings } = wanted;
  const image = declared(config.images, name);
  const id = imageId(image, config.project);
  const bootFile = bootFiles.has(name);
  const signed = signedChecksumOf(image.checksum);
  const signedFacts = wanted.facts.signed?.[name];
  const users = volumeUsers(wanted, image.source);
  return {
    name,
    id,
    entry: cacheEntryName(id),
    source: image.source,
    ...(image.mirrors === undefined ? {} : { mirrors: image.mirrors }),
    ...retryOf(config, image),
    checksum: parseChecksum(pinnedDigest(image.checksum)) ?? (signed === undefined ? null : (signedFacts?.digest ?? null)),
    signed: signed === undefined ? null : { file: signed.file, pinned: signed.digest !== undefined, signer: signedFacts?.signer ?? null },
    unpack: packingOf(image, bootFile),
    contentChecksum: parseChecksum(image.content_checksum),
    access: image.access ?? null,
    diskFormat: image.disk_format,
    format: bootFile ? "raw" : baseFormat(image.disk_format, settings.forceRawImages),
    bootFile,
    minDisk: image.min_disk ?? 0,
    minRam: image.min_ram ?? 0,
    maxVirtualSize: smallestDisk(config, name, image.disk_format === "iso"),
    properties: image.properties ?? {},
    ...(config.host?.image_size_cap === undefined ? {} : { sizeCap: config.host.image_size_cap }),
    cloneSize: cloneOnly(wanted, name, image),
    found: image.found ?? null,
    ...(users.length === 0 ? {} : { users }),
    ...(config.host?.image_peers === undefined
      ? {}
      : { peers: { addresses: config.host.image_peers, first: config.host.image_peers_first ?? false } }),
    signers: signersOf(config, image),
  };
}

/**
 * The id that the cache entry's name is made from: the one that the source gives (Nova LAY-03), else derived
 * from the written digest, so that the same bytes under two names share one base, else from the source.
 */
export function imageId({ source, checksum, found }: Pick<ImageConfig, "source" | "checksum" | "found">, project = "default"): string {
  const signed = signedChecksumOf(checksum);
  // What a signed file names changes with it, so without a written digest the id is that of the two addresses.
  const content = pinnedDigest(checksum) ?? (signed === undefined ? source : `${source} by ${signed.file}`);
  // The instance of that name in another project is another one.
  if (isTaken(source)) return uuidV5(`${project} ${content}`);
  return found?.id ?? givenImageId(source) ?? uuidV5(content);
}

/** How long downloads from the web are tried. An image service has settings of its own. */
function retryOf({ host }: Config, { source, mirrors = [] }: ImageConfig): Pick<ImageSpec, "retry"> {
  const { image_retries: retries, image_retry_time: time } = host ?? {};
  if (!isWeb(source) || (retries === undefined && time === undefined)) return {};
  // Each mirror is asked once in any case.
  const further = retries === undefined ? undefined : retries + mirrors.length;
  return { retry: withoutUndefined({ retries: further, retryMs: time === undefined ? undefined : durationMs(time) }) };
}

/** Only an image service says how an image is signed. */
function signersOf({ glance }: Config, { source }: ImageConfig): ImageSpec["signers"] {
  const settings = glanceSettings(glance);
  const signers = signersIn(settings);
  return isFromGlance(source) && signers !== null ? { ...signers, required: settings.verifySignatures } : null;
}

function parseChecksum(checksum: string | undefined): ImageSpec["checksum"] {
  if (checksum === undefined) return null;
  const colon = checksum.indexOf(":");
  return { algorithm: checksum.slice(0, colon) as DigestAlgorithm, hex: checksum.slice(colon + 1).toLowerCase() };
}

/**
 * Bytes of the smallest disk that limits this image; flavors with a disk of 0 keep the image's size (Nova BLD-14), and the flavor says
 * nothing about a CD.
 */
function smallestDisk(config: Config, image: string, disc: boolean): number | null {
  const roots = Object.values(config.instances ?? {})
    .filter((instance) => !disc && instance.image === image && instance.count !== 0)
    .map((instance) => config.flavors?.[instance.flavor]?.disk);
  const volumes = Object.values(config.volumes ?? {}).map((volume) => (volume.image === image ? volume.size : undefined));
  const sizes = [...roots, ...volumes].filter((bytes) => bytes !== undefined).filter((bytes) => bytes > 0);
  return sizes.length === 0 ? null : Math.min(...sizes);
}
