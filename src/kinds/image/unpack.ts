import type { ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import type { DigestAlgorithm, Digests, Transferred, Unpacking } from "../../model/host.ts";
import { stepsOf } from "../../model/packing.ts";
import { findDisk, manifestMismatch } from "./archive/find-disk.ts";
import { readerOf } from "./reader-of.ts";
import type { ImageSpec } from "./spec.ts";

/** An image that lies in a staged file, as it is after unpacking. */
export interface Unpacked {
  readonly path: string;
  readonly bytes: number;
  readonly digests: Digests;
}

/** How the content of a compressed image is to be unpacked while it comes; undefined for one that is not compressed. */
export function unpackingOf({ layout }: Pick<Context, "layout">, spec: ImageSpec, maxBytes: number): Unpacking | undefined {
  const { compression, archive } = stepsOf(spec.unpack);
  if (compression === null) return undefined;
  return { compression, to: layout.baseUnpacked(spec.entry), digests: archive === null ? contentDigests(spec) : [], maxBytes };
}

/**
 * Gets at the image: decompresses what was published, unless the transfer did, and takes the disk out of an archive. Then checks the digest of
 * the content, where one is declared. Throws a RefusedError for what is damaged, or not what it should be.
 */
export async function unpackPublished(
  context: Context,
  spec: ImageSpec,
  published: Transferred,
  maxBytes: number,
  report: ReportProgress,
): Promise<Unpacked> {
  const { layout } = context;
  const { archive } = stepsOf(spec.unpack);
  const part = layout.basePart(spec.entry);
  const unpacking = unpackingOf(context, spec, maxBytes);
  const whole: Unpacked =
    unpacking === undefined
      ? { path: published.place?.path ?? part, bytes: published.bytes, digests: published.digests }
      : { path: unpacking.to, ...(published.content ?? (await decompress(context, part, unpacking, report))) };
  const image = archive === null ? whole : await takeOut(context, spec, whole, archive, maxBytes, report);
  checkContent(spec, image.digests);
  return image;
}

/** Digests of the content that are recorded and checked. */
export function contentDigests({ contentChecksum }: ImageSpec): readonly DigestAlgorithm[] {
  return [...new Set<DigestAlgorithm>(["sha256", ...(contentChecksum === null ? [] : [contentChecksum.algorithm])])];
}

async function decompress({ host, signal }: Context, from: string, unpacking: Unpacking, report: ReportProgress) {
  const onProgress = (done: number, total: number | undefined) => report({ phase: "unpack", done, total });
  return (await host.unpack({ ...unpacking, from, signal, onProgress })).content;
}

async function takeOut(
  context: Context,
  spec: ImageSpec,
  whole: Unpacked,
  archive: "tar" | "ova",
  maxBytes: number,
  report: ReportProgress,
): Promise<Unpacked> {
  const { host, layout, signal } = context;
  const { member, expected } = await findDisk(readerOf(context, whole.path), whole.bytes, archive);
  const path = layout.baseMember(spec.entry);
  const { content } = await host.unpack({
    from: whole.path,
    to: path,
    compression: null,
    parts: member.parts,
    digests: [...new Set([...contentDigests(spec), ...(expected === undefined ? [] : [expected.algorithm])])],
    maxBytes,
    signal,
    onProgress: (done, total) => report({ phase: "unpack", done, total }),
  });
  if (expected !== undefined && content.digests[expected.algorithm] !== expected.hex) throw manifestMismatch(expected);
  // The archive is no longer needed, and a conversion needs the space. What was published stays for a run that continues.
  if (whole.path !== layout.basePart(spec.entry)) await host.files.remove(whole.path);
  return { path, ...content };
}

function checkContent({ name, contentChecksum, unpack }: ImageSpec, digests: Digests): void {
  if (contentChecksum === null) return;
  const { algorithm, hex } = contentChecksum;
  const found = digests[algorithm];
  if (found === hex) return;
  const where = unpack === "none" ? "The content" : "What is inside";
  throw new RefusedError(
    "image-checksum-mismatch",
    `${where} of image ${name} does not match content_checksum: declared ${algorithm}:${hex}, found ${algorithm}:${found}`,
    "Get the digest from the publisher again, and compare unpack with how the image is packed.",
  );
}
