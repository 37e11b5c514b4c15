import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, type Stats, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { fileChanged } from "../../model/file-changed.ts";
import type { Files } from "../../model/host.ts";
import { interrupted } from "../../model/interrupted.ts";
import { createDigester } from "../digester.ts";
import { fileChunks } from "../file-chunks.ts";
import { explained, explainedLater } from "../file-error.ts";
import { createSink, refuseTooLarge, sinkBlock } from "../sink.ts";
import { dataRuns } from "../sparse.ts";
import { removeFile } from "./change.ts";
import { discard } from "./discard.ts";
import { copyInKernel, Stopped } from "./kernel-copy.ts";
import { requireRegular, safeRead } from "./read.ts";
import { expectUnchanged } from "./unchanged.ts";

type CopyOptions = NonNullable<Parameters<Files["copy"]>[2]>;
type Copied = Awaited<ReturnType<Files["copy"]>>;

/** A running copy: the source is open and a regular file, and `to` does not exist. */
interface Copy {
  readonly source: number;
  readonly stat: Stats;
  readonly from: string;
  readonly to: string;
  readonly options: CopyOptions;
}

/** From this size on, starting a program is faster. */
const kernelBytes = 4 * 2 ** 20;

/** Staged files are readable by their owner only, until they get their final name and mode. */
export const stagedMode = 0o600;
export const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
/** For a file that is read as well while it is made. */
export const readableNewFile = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;

/**
 * Copies a regular file. An existing file at `to` is removed first and never written into: it could be another name of a
 * file in use. On failure nothing is left there.
 */
export async function copyFile(from: string, to: string, options: CopyOptions = {}): Promise<Copied> {
  const flags = options.followLinks === true ? safeRead & ~constants.O_NOFOLLOW : safeRead;
  const source = explained("read", from, () => openSync(from, flags));
  try {
    const stat = fstatSync(source);
    requireRegular(from, stat);
    refuseTooLarge(from, stat.size, options.maxBytes);
    removeFile(to);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => discard(to));
    const copied = await copyContent({ source, stat, from, to, options });
    undo.move();
    return copied;
  } finally {
    closeSync(source);
  }
}

async function copyContent(copy: Copy): Promise<Copied> {
  const { stat, options } = copy;
  if (stat.size <= sinkBlock) return copySmall(copy);
  const isPlain = (options.digests ?? []).length === 0;
  return isPlain && stat.size >= kernelBytes ? copyByKernel(copy) : copyLarge(copy);
}

/** One read, few writes, no thread pool: overlays are copied from templates by the thousand. */
function copySmall({ source, from, to, options }: Copy): Copied {
  const data = explained("read", from, () => readBounded(source));
  if (data === undefined) throw fileChanged(from);
  refuseTooLarge(from, data.length, options.maxBytes);
  explained("write", to, () => {
    const target = openSync(to, newFile, stagedMode);
    try {
      for (const { start, end } of dataRuns(data)) for (let at = start; at < end; ) at += writeSync(target, data, at, end - at, at);
      ftruncateSync(target, data.length);
    } finally {
      closeSync(target);
    }
  });
  const digester = createDigester(options.digests ?? []);
  digester.update(data);
  options.onProgress?.(data.length, data.length);
  return { bytes: data.length, digests: digester.digests() };
}

/** A whole small file; undefined when it has grown. Files that the kernel makes up have no length, and may have no end. */
function readBounded(source: number): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(sinkBlock + 1);
  let filled = 0;
  for (let read = -1; read !== 0 && filled < buffer.length; filled += read)
    read = readSync(source, buffer, filled, buffer.length - filled, filled);
  return filled > sinkBlock ? undefined : buffer.subarray(0, filled);
}

/** The bytes do not pass through this process: a base image has gigabytes, most of them holes. */
async function copyByKernel({ source, stat, from, to, options }: Copy): Promise<Copied> {
  const target = explained("write", to, () => openSync(to, newFile | constants.O_NOFOLLOW, stagedMode));
  try {
    const { signal, onProgress } = options;
    const tell = onProgress === undefined ? undefined : (done: number) => onProgress(done, Math.max(stat.size, done));
    await explainedLater("copy", to, () => copyInKernel(source, target, { signal, onProgress: tell }));
    const bytes = fstatSync(target).size;
    refuseTooLarge(from, bytes, options.maxBytes);
    onProgress?.(bytes, bytes);
    return { bytes, digests: {} };
  } catch (error) {
    if (error instanceof Stopped) throw interrupted(`The copy of ${from}`);
    throw error;
  } finally {
    closeSync(target);
  }
}

async function copyLarge({ source, stat, from, to, options }: Copy): Promise<Copied> {
  await using input = await explainedLater("read", from, () => open(descriptorPath(source)));
  await using target = await explainedLater("write", to, () => open(to, newFile, stagedMode));
  const sink = createSink(target, { path: to, what: from, digests: options.digests ?? [], maxBytes: options.maxBytes });
  for await (const chunk of fileChunks(input, from)) {
    if (options.signal?.aborted === true) throw interrupted(`The copy of ${from}`);
    await sink.write(chunk);
    options.onProgress?.(sink.bytes, Math.max(stat.size, sink.bytes));
  }
  const done = { bytes: sink.bytes, digests: await sink.finish() };
  // Of what is copied without digests, a base image, only the time changes, with each use.
  if ((options.digests ?? []).length > 0) await expectUnchanged(input, stat, from);
  return done;
}

/** The open file itself: its name may refer to another file now. */
function descriptorPath(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}
