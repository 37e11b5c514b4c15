import { type ActionProgress, defineAction, type ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { CodedError, errorMessage, RefusedError, userError } from "../../model/errors.ts";
import { failureDiagnostics } from "../../model/failure-diagnostics.ts";
import { startGrowing } from "../../model/growth.ts";
import type { Digests, Transferred } from "../../model/host.ts";
import type { ImageEvent } from "../../model/image-event.ts";
import { stepsOf } from "../../model/packing.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { endRunningCopy } from "../../sources/end-running-copy.ts";
import { requireSource, withoutCredentials } from "../../sources/index.ts";
import { parseTakenAddress } from "../../sources/taken-address.ts";
import { convertToRaw } from "../../tools/conversion/convert-to-raw.ts";
import { diskParts } from "../../tools/conversion/disk-parts.ts";
import { readTrouble } from "../../tools/conversion/read-trouble.ts";
import { writesPastCache } from "../../tools/conversion/writes-past-cache.ts";
import { type OwnFile, readOwnFiles } from "../../tools/own-file.ts";
import { qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import { dataBytes } from "../../tools/qemu-img.ts";
import { touchUsed } from "../../tools/touch-used.ts";
import { baseExists } from "./address.ts";
import { readBase } from "./base-files.ts";
import { withBaseLock } from "./base-lock.ts";
import { findAllUsers } from "./base-users.ts";
import { examine, examineBootFile, examineConverted } from "./examine.ts";
import { expectUnchanged } from "./expect-unchanged.ts";
import { fetchFromPeers, type PulledBase } from "./fetch-from-peers.ts";
import { findTwin } from "./find-twin.ts";
import { formatFacts, needsConversion } from "./formats.ts";
import { isGone } from "./is-gone.ts";
import { checkPublished, digestsForChecks } from "./published-checks.ts";
import { publishedDigests } from "./published-digests.ts";
import { makeRoot } from "./root-archive.ts";
import { startDigest, stopDigest } from "./running-digest.ts";
import { baseConflict, parseSidecar } from "./sidecar.ts";
import { signatureToCheck } from "./signature-check.ts";
import { signedRecord } from "./signed-record.ts";
import type { ImageSidecar, ImageSpec } from "./spec.ts";
import { contentDigests, unpackingOf, unpackPublished } from "./unpack.ts";
import { writeSidecar } from "./write-sidecar.ts";

/** Makes sure that an image is in the cache, complete and checked. */
export const fetchImage = defineAction<ImageSpec>("image.fetch", [baseExists], async (context, spec, report) => {
  const { files } = context.host;
  await files.makeDirectory(context.layout.base);
  await withBaseLock(context, spec.entry, `fetch of image ${spec.name}`, (held) => fetchLocked(held, spec, report));
});

/** Looks again under the lock, so that two processes never fetch the same image (Nova CACHE-03, CACHE-04). */
async function fetchLocked(context: Context, spec: ImageSpec, report: ReportProgress): Promise<void> {
  const { layout } = context;
  const path = layout.baseImage(spec.entry);
  const finding = await readBase(context, spec.entry);
  if (finding !== undefined && "foreign" in finding) throw foreignBase(path);
  if (finding !== undefined) {
    const conflict = baseConflict(spec, finding.base.sidecar);
    if (conflict !== undefined)
      throw new RefusedError("base-image-conflict", `The base image of ${spec.name} does not match the configuration`, conflict);
    await touchUsed(context, path);
    return;
  }
  refuseUnknownDigest(spec);
  const announce = announcing(context, spec);
  try {
    await removeStaged(context, spec, true);
    announce("image.prepare");
    await makeBase(context, spec, report, announce);
  } catch (error) {
    announce("image.error", failureOf(error));
    stopDigest(context, spec.entry);
    // Nova FET-17. The next run sweeps what cannot be removed now; a failing removal must not hide the first failure.
    await removeStaged(context, spec, isResumable(error)).catch(() => undefined);
    throw error;
  }
}

/** A plan without the digest that the publisher signed has an error. Nothing is fetched unverified in its place. */
function refuseUnknownDigest({ name, signed, checksum }: ImageSpec): void {
  if (signed === null || (checksum !== null && signed.signer !== null)) return;
  throw new RefusedError(
    "checksum-file-unavailable",
    `The signed checksum of image ${name} is not known, so it is not fetched`,
    "Plan again, which says why it cannot be had.",
  );
}

/** Removes what is in the making. `keepPartial`: not a download that the next run can continue; `except`: not this file. */
async function removeStaged(context: Context, { entry, source }: ImageSpec, keepPartial: boolean, except?: string): Promise<void> {
  const { layout } = context;
  const { files } = context.host;
  const [part, record] = [layout.basePart(entry), layout.basePartRecord(entry)];
  const keeps = keepPartial && (await files.stat(record)) !== undefined;
  if (parseTakenAddress(source) !== undefined) await endRunningCopy(context, part);
  const staged = [layout.baseUnpacked(entry), layout.baseMember(entry), layout.baseConverted(entry), ...(keeps ? [] : [part, record])];
  await files.change(staged.filter((path) => path !== except).map((path) => ({ do: "remove", path })));
}

/** Whether the transfer itself failed or was stopped, so that the bytes that have come are good. */
function isResumable(error: unknown): boolean {
  return error instanceof CodedError && ["interrupted", "download-failed", "host-unreachable"].includes(error.code);
}

/** Fetches, examines, converts and publishes a base (Nova FET-03 … FET-16). */
async function makeBase(context: Context, spec: ImageSpec, report: ReportProgress, announce: ReturnType<typeof announcing>): Promise<void> {
  const { host, layout } = context;
  const path = layout.baseImage(spec.entry);
  const part = layout.basePart(spec.entry);
  const maxBytes = await bytesToTake(context, spec);
  const fromPeers = () => withinCap(spec, maxBytes, (most) => fetchFromPeers(context, spec, { maxBytes: most }, report));
  const first = spec.peers?.first === true ? await fromPeers() : undefined;
  if (first !== undefined && "sidecar" in first) return publishPulled(context, spec, first, announce);
  const published = await withinCap(spec, maxBytes, (most) => download(context, spec, part, most, report)).catch(async (error: unknown) => {
    if (spec.peers === undefined || !isGone(error)) throw error;
    const found = first ?? (await fromPeers());
    if ("sidecar" in found) return found;
    throw noPeerHasIt(error, found);
  });
  if ("sidecar" in published) return publishPulled(context, spec, published, announce);
  using digests = publishedDigests(context, published);
  await checkPublished(context, spec, published);
  await refuseOtherThanBefore(context, spec, digests.get);
  const uploaded = digests.get().then(({ sha256 }) => {
    const known = withoutUndefined({ bytes: published.bytes, sha256, mirror: published.mirror });
    announce("image.upload", known);
    return known;
  });
  // Thrown where it is waited for, at the latest when the image is made.
  uploaded.catch(() => undefined);
  if (digests.isKnown) await uploaded;
  const image = await unpackPublished(context, spec, published, maxBytes, report);
  const root = spec.diskFormat === "root-tar" ? await makeRoot(context, spec, image, report) : undefined;
  const virtualSize =
    root?.bytes ??
    (spec.bootFile ? await examineBootFile(context, image) : await examine(context, image.path, image.bytes, spec.diskFormat));
  refuseTooLarge(spec, virtualSize);

  const draft: ImageSidecar = withoutUndefined({
    version: 1 as const,
    id: spec.id,
    project: context.project,
    image: spec.name,
    source: withoutCredentials(spec.source),
    digests: published.digests,
    bytes: published.bytes,
    signed: signedRecord(spec),
    signatureChecked: signatureToCheck(spec) === null ? undefined : (true as const),
    validators: published.validators,
    mirror: published.mirror,
    ...(spec.unpack === "none" ? {} : { unpack: spec.unpack, unpacked: image.digests }),
    content: spec.unpack === "none" || needsConversion(spec) ? undefined : image.digests.sha256,
    diskFormat: spec.diskFormat,
    format: spec.format,
    virtualSize,
    fetchedAt: host.now().toISOString(),
    bootFile: spec.bootFile ? (true as const) : undefined,
  });
  const record = async () => writeSidecar(context, spec.entry, { ...draft, digests: await digests.get() });

  const twin = await findTwin(context, spec, draft, digests.get);
  if (twin !== undefined) {
    // Removed first: an interruption right after the link, which completes the base, leaves no staged file.
    await removeStaged(context, spec, false);
    await record();
    await host.files.link(twin, path);
    announce("image.activate", { ...(await uploaded), virtual_size: virtualSize });
    return;
  }
  const converts = root === undefined && needsConversion(spec);
  const made = converts ? await convert(context, spec, image, draft, report) : undefined;
  const staged = made?.path ?? root?.path ?? image.path;
  if (made === undefined) await startDigest(context, spec.entry, staged, draft);
  const known = await uploaded;
  // Digest and result are of one version only if nothing has changed since before both.
  if (published.place !== undefined) await expectUnchanged(context, published.place);
  // Removed before the base has its name, which completes it: an interruption leaves no staged file.
  await removeStaged(context, spec, false, staged);
  // The sidecar comes first: a crash in between leaves a sidecar without a base, which counts as nothing.
  await record();
  await made?.synced;
  await host.files.publish(staged, path, 0o444);
  announce("image.activate", { ...known, virtual_size: virtualSize });
}

/** Publishes a base image that was brought from a peer. */
async function publishPulled(
  context: Context,
  spec: ImageSpec,
  { sidecar }: PulledBase,
  announce: ReturnType<typeof announcing>,
): Promise<void> {
  const { host, layout } = context;
  const part = layout.basePart(spec.entry);
  await refuseOtherThanBefore(context, spec, async () => sidecar.digests);
  refuseTooLarge(spec, sidecar.virtualSize);
  const known = withoutUndefined({ bytes: sidecar.bytes, sha256: sidecar.digests.sha256 });
  announce("image.upload", known);
  await removeStaged(context, spec, false, part);
  await writeSidecar(context, spec.entry, sidecar);
  await host.files.publish(part, layout.baseImage(spec.entry), 0o444);
  announce("image.activate", { ...known, virtual_size: sidecar.virtualSize });
}

/** The error of a source that does not have the image, with why no peer has it. */
function noPeerHasIt(error: unknown, reasons: readonly string[]): Error {
  const [first] = failureDiagnostics(error) ?? [];
  if (first === undefined) throw error;
  return userError(first.code, first.summary, `${first.detail} No peer can give its base image either: ${reasons.join(" ")}`.trim());
}

/** Announces the steps of one image. */
function announcing({ notify }: Context, { name, entry, source }: ImageSpec) {
  return (event: ImageEvent["event"], more: Partial<ImageEvent> = {}): void =>
    notify?.({ event, image: name, entry, source: withoutCredentials(source), ...more });
}

function failureOf(error: unknown): Partial<ImageEvent> {
  const [first] = failureDiagnostics(error) ?? [];
  return first === undefined
    ? { message: errorMessage(error) }
    : { code: first.code, message: first.summary, ...(first.detail === "" ? {} : { detail: first.detail }) };
}

/** Fetches no more than the cap allows, where that is less than there is room for (Nova GLA-15). */
async function withinCap<T>({ name, sizeCap }: ImageSpec, room: number, fetch: (most: number) => Promise<T>): Promise<T> {
  if (sizeCap === undefined || sizeCap >= room) return fetch(room);
  try {
    return await fetch(sizeCap);
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== "image-too-large") throw error;
    throw new RefusedError(
      "image-size-cap",
      `Image ${name} is larger than host.image_size_cap, which is ${formatQuantity(sizeCap)}`,
      "Use a smaller image, or raise the cap.",
    );
  }
}

async function download(context: Context, spec: ImageSpec, part: string, maxBytes: number, report: ReportProgress): Promise<Transferred> {
  const { digests, verified } = digestsForChecks(spec);
  const unpack = unpackingOf(context, spec, maxBytes);
  let last: ActionProgress = { phase: "download", done: 0 };
  return requireSource(spec.source).fetch(context, {
    source: spec.source,
    to: part,
    record: context.layout.basePartRecord(spec.entry),
    access: spec.access,
    verified,
    ...withoutUndefined({ mirrors: spec.mirrors, expected: spec.checksum ?? undefined }),
    ...spec.retry,
    ...(spec.unpack === "none" && needsConversion(spec) && spec.diskFormat !== "root-tar" ? { mayStay: digestedFirst(spec) } : {}),
    ...(spec.consistent === true ? { consistent: true } : {}),
    digests: spec.unpack === "none" ? [...new Set([...digests, ...contentDigests(spec)])] : digests,
    ...(unpack === undefined ? {} : { unpack }),
    maxBytes,
    onProgress: (done, total) => {
      const { retry } = last;
      // Until something comes, the reason for which it is tried again stays in sight.
      last = { phase: "download", done, total, ...(retry === undefined || done > last.done ? {} : { retry }) };
      report(last);
    },
    onRetry: (retry) => {
      last = { ...last, retry };
      report(last);
    },
  });
}

/** A file is digested before any program opens it only where its digest is compared: it costs a tenth of the time of a fetch. */
function digestedFirst(spec: ImageSpec): "digested" | "undigested" {
  return digestsForChecks(spec).verified || spec.contentChecksum !== null ? "digested" : "undigested";
}

/**
 * Limit of an image's length in bytes. An endless response must not fill the disk that guests write to: the host's reserve and a
 * twentieth of the rest stay free, and an image that is unpacked or converted exists several times for a while.
 */
async function bytesToTake({ host, layout, settings }: Context, spec: ImageSpec): Promise<number> {
  const { free } = await host.files.space(layout.base);
  const bytes = (free - settings.reserved.disk) * 0.95;
  const { compression, archive } = stepsOf(spec.unpack);
  const copies = [needsConversion(spec), compression !== null, archive !== null].filter((made) => made).length;
  return Math.max(0, Math.floor(bytes / (1 + copies)));
}

/**
 * A base image can be deleted while disks are backed by it; its sidecar then still records its digests. Different bytes, or the same in
 * another format, would corrupt those disks silently.
 */
async function refuseOtherThanBefore(context: Context, spec: ImageSpec, digestsNow: () => Promise<Digests>): Promise<void> {
  const [sidecar] = await readOwnFiles(context, [context.layout.baseSidecar(spec.entry)]);
  const before = parseSidecar(sidecar?.content);
  if (before === undefined) return refuseUnknownBefore(context, spec, sidecar);
  const digests = await digestsNow();
  // Unpacking checks the content itself.
  const conflict = baseConflict({ ...spec, checksum: null, contentChecksum: null }, before);
  const same = before.digests.sha256 === digests.sha256 && conflict === undefined;
  const users = same ? [] : await findAllUsers(context, spec.entry);
  if (users.length === 0) return;
  throw new RefusedError(
    "image-changed-under-disks",
    `The base image of ${spec.name} is missing, and its source has different content now (was sha256:${before.digests.sha256}, is sha256:${digests.sha256})`,
    `${users.join(", ")} ${users.length === 1 ? "is" : "are"} backed by it and would be damaged. Restore the old content at the source, or remove those instances.`,
  );
}

/**
 * Without a sidecar, or with one that cannot be read, it is not known what a base image was. The same bytes are certain where the entry is named by their digest, or by the id of an
 * image in Glance, which never changes.
 */
async function refuseUnknownBefore(context: Context, spec: ImageSpec, sidecar: OwnFile | undefined): Promise<void> {
  const { name, entry, checksum, signed, found } = spec;
  const isPinned = checksum !== null && (signed === null || signed.pinned);
  const named = isPinned || found !== null ? [] : await findAllUsers(context, entry);
  const headers = await context.host.files.readMany(named.map((path) => ({ path, length: qcow2HeaderBytes })));
  // Disks of a project with another image cache may be backed by a file of the same name there.
  const base = context.layout.baseImage(entry);
  const users = named.filter((_, index) => readQcow2Header(headers[index] ?? Buffer.alloc(0))?.header?.backing === base);
  if (users.length === 0) return;
  const path = context.layout.baseSidecar(entry);
  const why = sidecar?.content === undefined && sidecar?.problem === undefined ? "missing as well" : "damaged";
  throw new RefusedError(
    "image-changed-under-disks",
    `The base image of ${name} is missing, and its sidecar file is ${why}, so that what it was is not known`,
    `${users.join(", ")} ${users.length === 1 ? "is" : "are"} backed by it and would be damaged by other content. Restore the base image and ${path} from a backup, or remove those instances.`,
  );
}

/** Nova FET-12: checked before conversion, so that a small file that expands to a huge disk costs nothing. */
function refuseTooLarge(spec: ImageSpec, virtualSize: number): void {
  if (spec.bootFile || spec.maxVirtualSize === null || virtualSize <= spec.maxVirtualSize) return;
  throw new RefusedError(
    "flavor-disk-smaller-than-image",
    `Image ${spec.name} is a disk of ${formatQuantity(virtualSize)}, and the smallest flavor of its instances has a disk of ${formatQuantity(spec.maxVirtualSize)}`,
    "Use a flavor with a larger disk.",
  );
}

/** Converts an image to raw, and digests the result meanwhile. It may be published when `synced` has ended. */
async function convert(
  context: Context,
  spec: ImageSpec,
  { path: from, bytes: file }: { readonly path: string; readonly bytes: number },
  sidecar: ImageSidecar,
  report: ReportProgress,
): Promise<{ readonly path: string; readonly synced: Promise<void> }> {
  const { host, layout, signal } = context;
  const { virtualSize } = sidecar;
  const converted = layout.baseConverted(spec.entry);
  const format = formatFacts[spec.diskFormat].qemu ?? "raw";
  const { free } = await host.files.space(layout.base);
  // A small file can describe a disk that fills any file system, by naming the same bytes many times.
  const room = Math.floor((free - context.settings.reserved.disk) * 0.95);
  const needed = await dataBytes(host, from, format, virtualSize, signal);
  if (needed > room) {
    throw new RefusedError(
      "image-too-large",
      `Image ${spec.name} takes ${formatQuantity(needed)} as a raw disk, and ${formatQuantity(Math.max(0, room))} may be used in ${layout.base}`,
      "Free space, or use a smaller image.",
    );
  }
  const onFraction = (fraction: number) => report({ phase: "convert", done: Math.round(fraction * virtualSize), total: virtualSize });
  const isPastCache = writesPastCache({ file, data: needed, disk: virtualSize });
  const growing = startGrowing(
    (onFinal) =>
      convertToRaw(host, { from, to: converted, format, bytes: virtualSize, data: needed, isPastCache, signal, onFraction, onFinal }),
    { isPastCache },
  );
  // Reading it where it is written past the page cache would take longer than writing it.
  const isReadThere = isPastCache && host.files.digestParts !== undefined;
  const source = isReadThere ? { path: from, parts: diskParts(host, { path: from, format, bytes: virtualSize }, signal) } : undefined;
  const synced = startDigest(context, spec.entry, converted, sidecar, withoutUndefined({ growing, source }));
  // Thrown where it is waited for; an error of the conversion comes first.
  synced.catch(() => undefined);
  await growing.written.catch((error: unknown) => {
    throw readTrouble(error) ?? error;
  });
  await examineConverted(context, converted);
  // What is removed then is opened by its name until they are known.
  await source?.parts.catch(() => undefined);
  return { path: converted, synced };
}

function foreignBase(path: string): Error {
  return userError(
    "base-file-unknown",
    `${path} is in the way`,
    "A file has the name of this base image, and no usable sidecar file beside it says where it came from, so it cannot be trusted and is not ours to replace. Plan again, which says whether disks are backed by it, and what to do.",
  );
}
