import { defineAction, type ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { RefusedError, userError } from "../../model/errors.ts";
import type { DigestAlgorithm, Digests } from "../../model/host.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { requireSource, withoutCredentials } from "../../sources/index.ts";
import { readOwnFiles } from "../../tools/own-file.ts";
import { convertToRaw } from "../../tools/qemu-img.ts";
import { baseExists } from "./address.ts";
import { readBase } from "./base-files.ts";
import { withBaseLock } from "./base-lock.ts";
import { findAllUsers } from "./base-users.ts";
import { examine, examineConverted } from "./examine.ts";
import { findTwin } from "./find-twin.ts";
import { formatFacts } from "./formats.ts";
import { baseConflict, parseSidecar } from "./sidecar.ts";
import type { ImageSidecar, ImageSpec } from "./spec.ts";

/** Makes sure that an image is in the cache, whole and checked. */
export const fetchImage = defineAction<ImageSpec>("image.fetch", [baseExists], async (context, spec, report) => {
  const { files } = context.host;
  await files.makeDirectory(context.layout.base);
  await files.makeDirectory(context.layout.locks);
  await withBaseLock(context, spec.entry, `fetch of image ${spec.name}`, (held) => fetchLocked(held, spec, report));
});

/** Looks again now that nobody else can fetch it: two processes never fetch one image twice (Nova CACHE-03, CACHE-04). */
async function fetchLocked(context: Context, spec: ImageSpec, report: ReportProgress): Promise<void> {
  const { host, layout } = context;
  const path = layout.baseImage(spec.entry);
  const finding = await readBase(context, spec.entry);
  if (finding !== undefined && "foreign" in finding) throw foreignBase(path);
  if (finding !== undefined) {
    const conflict = baseConflict(spec, finding.base.sidecar);
    if (conflict !== undefined) throw new RefusedError("base-image-conflict", conflict);
    await host.files.touch(path);
    return;
  }
  await using undo = new AsyncDisposableStack();
  const removeStaged = () =>
    Promise.all([host.files.remove(layout.basePart(spec.entry)), host.files.remove(layout.baseConverted(spec.entry))]);
  // Nova FET-17. What cannot be removed now is swept by the next run; the reason of the failure must not be lost over it.
  undo.defer(async () => void (await removeStaged().catch(() => undefined)));
  await removeStaged();
  await makeBase(context, spec, report);
}

/** From nothing to a published base (Nova FET-03 … FET-16). */
async function makeBase(context: Context, spec: ImageSpec, report: ReportProgress): Promise<void> {
  const { host, layout } = context;
  const path = layout.baseImage(spec.entry);
  const part = layout.basePart(spec.entry);
  const { bytes, digests } = await download(context, spec, part, report);
  verifyChecksum(spec, digests);
  await refuseOtherThanBefore(context, spec, digests);
  const virtualSize = spec.bootFile ? bytes : await examine(context, part, bytes, spec.diskFormat);
  refuseTooLarge(spec, virtualSize);

  const sidecar: ImageSidecar = {
    version: 1,
    id: spec.id,
    project: context.project,
    image: spec.name,
    source: withoutCredentials(spec.source),
    digests,
    diskFormat: spec.diskFormat,
    format: spec.format,
    virtualSize,
    fetchedAt: host.now().toISOString(),
    ...(spec.bootFile ? { bootFile: true } : {}),
  };
  const writeSidecar = () => host.files.writeAtomic(layout.baseSidecar(spec.entry), `${JSON.stringify(sidecar, null, 2)}\n`);

  const twin = await findTwin(context, spec, sidecar);
  if (twin !== undefined) {
    // First, so that nothing is left over should this be interrupted right after the link has made the base whole.
    await host.files.remove(part);
    await writeSidecar();
    await host.files.link(twin, path);
    return;
  }
  const staged = needsConversion(spec) ? await convert(context, spec, virtualSize, report) : part;
  // The sidecar comes first: a crash in between leaves a sidecar without a base, which counts as nothing.
  await writeSidecar();
  await host.files.publish(staged, path, 0o444);
}

async function download(context: Context, spec: ImageSpec, part: string, report: ReportProgress) {
  const algorithms = new Set<DigestAlgorithm>(["sha256", ...(spec.checksum === null ? [] : [spec.checksum.algorithm])]);
  return requireSource(spec.source).fetch(context, {
    source: spec.source,
    to: part,
    digests: [...algorithms],
    maxBytes: await bytesToTake(context, spec),
    onProgress: (done, total) => report({ phase: "download", done, ...(total === undefined ? {} : { total }) }),
  });
}

/**
 * How long an image may be. An endless answer must not fill the disk that guests write to: what the host keeps for itself is left,
 * a twentieth of the rest is left to guests, and what is converted is there twice for a while.
 */
async function bytesToTake({ host, layout, settings }: Context, spec: ImageSpec): Promise<number> {
  const { free } = await host.files.space(layout.base);
  const bytes = (free - settings.reserved.disk) * 0.95;
  return Math.max(0, Math.floor(needsConversion(spec) ? bytes / 2 : bytes));
}

function verifyChecksum(spec: ImageSpec, digests: Digests): void {
  if (spec.checksum === null) return;
  const { algorithm, hex } = spec.checksum;
  const received = digests[algorithm];
  if (received?.toLowerCase() === hex.toLowerCase()) return;
  throw new RefusedError(
    "image-checksum-mismatch",
    `Image ${spec.name} is not what its checksum says: declared ${algorithm}:${hex}, received ${algorithm}:${received}. Either its publisher replaced it (look there for the new checksum, or run \`virtform image lock ${spec.name}\`), or somebody on the way did.`,
  );
}

/**
 * A base can be lost while disks stand on it; then its sidecar, left alone, still says what it was. Other bytes, or the same in
 * another format, would turn those disks into garbage without a word.
 */
async function refuseOtherThanBefore(context: Context, spec: ImageSpec, digests: Digests): Promise<void> {
  const [sidecar] = await readOwnFiles(context, [context.layout.baseSidecar(spec.entry)]);
  const before = parseSidecar(sidecar?.content);
  if (before === undefined) return;
  const same = before.digests.sha256 === digests.sha256 && baseConflict(spec, before) === undefined;
  const users = same ? [] : await findAllUsers(context, spec.entry);
  if (users.length === 0) return;
  throw new RefusedError(
    "image-changed-under-disks",
    `The base image of ${spec.name} is lost, and what its source gives now is not what it was (sha256:${before.digests.sha256} then, sha256:${digests.sha256} now). ${users.join(", ")} stand${users.length === 1 ? "s" : ""} on it and would be damaged. Bring back the old bytes at its source, or remove those instances.`,
  );
}

/** Nova FET-12: before anything is converted, so that a small file that unfolds to a huge disk costs nothing. */
function refuseTooLarge(spec: ImageSpec, virtualSize: number): void {
  if (spec.bootFile || spec.maxVirtualSize === null || virtualSize <= spec.maxVirtualSize) return;
  throw new RefusedError(
    "flavor-disk-smaller-than-image",
    `Image ${spec.name} is a disk of ${formatQuantity(virtualSize)}, and the smallest flavor that an instance uses it with gives ${formatQuantity(spec.maxVirtualSize)}. Use a flavor with a larger disk.`,
  );
}

/** Formats whose bytes already are the disk's bytes stay as they are (Nova FET-16). */
function needsConversion(spec: ImageSpec): boolean {
  return !spec.bootFile && spec.format === "raw" && formatFacts[spec.diskFormat].qemu !== "raw";
}

async function convert(context: Context, spec: ImageSpec, virtualSize: number, report: ReportProgress): Promise<string> {
  const { host, layout, signal } = context;
  const converted = layout.baseConverted(spec.entry);
  await convertToRaw(host, {
    from: layout.basePart(spec.entry),
    to: converted,
    format: formatFacts[spec.diskFormat].qemu,
    signal,
    onFraction: (fraction) => report({ phase: "convert", done: Math.round(fraction * virtualSize), total: virtualSize }),
  });
  await host.files.remove(layout.basePart(spec.entry));
  await examineConverted(context, converted);
  return converted;
}

function foreignBase(path: string): Error {
  return userError(
    "base-file-unknown",
    `${path} is in the way`,
    "A file has the name of this base image, and nothing beside it says where it came from, so it cannot be trusted and is not ours to replace. Move it away and run the same command again.",
  );
}
