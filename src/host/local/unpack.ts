import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Host, Unpack } from "../../model/host.ts";
import { createDigester } from "../digester.ts";
import { fileChunks } from "../file-chunks.ts";
import { explainedLater } from "../file-error.ts";
import { createSink, refuseTooLarge } from "../sink.ts";
import { cutOff } from "../unpack-trouble.ts";
import { zeros } from "../zeros.ts";
import { removeFile } from "./change.ts";
import { newFile, stagedMode } from "./copy.ts";
import { discard } from "./discard.ts";
import { requireRegular, safeRead } from "./read.ts";
import { expectUnchanged } from "./unchanged.ts";
import { startUnpacker, unpackStopped } from "./unpacker.ts";

/** Unpacks a file of this machine (`Host.unpack`). */
export async function unpackFile(request: Unpack): ReturnType<Host["unpack"]> {
  const { from, followLinks = false } = request;
  const flags = followLinks ? safeRead & ~constants.O_NOFOLLOW : safeRead;
  await using source = await explainedLater("read", from, () => open(from, flags));
  const stat = await source.stat();
  requireRegular(from, stat);
  refuseTooLarge(from, stat.size, request.maxPacked);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => discard(request.to));
  const done = request.compression === null ? await takeParts(source, stat.size, request) : await decompress(source, stat.size, request);
  await expectUnchanged(source, stat, from);
  undo.move();
  return done;
}

async function decompress(
  source: FileHandle,
  size: number,
  request: Exclude<Unpack, { readonly compression: null }>,
): ReturnType<Host["unpack"]> {
  const { from, to, compression, digests, maxBytes, packedDigests = [], signal, onProgress } = request;
  const packed = createDigester(packedDigests);
  await using unpacker = await startUnpacker({ compression, to, digests, ...(maxBytes === undefined ? {} : { maxBytes }) }, from);
  let bytes = 0;
  for await (const chunk of fileChunks(source, from)) {
    if (signal?.aborted === true) throw unpackStopped(from);
    packed.update(chunk);
    await unpacker.write(chunk);
    bytes += chunk.length;
    refuseTooLarge(from, bytes, request.maxPacked);
    onProgress?.(bytes, Math.max(size, bytes));
  }
  const content = await unpacker.finish();
  return { bytes, digests: packed.digests(), content };
}

async function takeParts(
  source: FileHandle,
  size: number,
  request: Extract<Unpack, { readonly compression: null }>,
): ReturnType<Host["unpack"]> {
  const { from, to, parts, digests, maxBytes, packedDigests = [], signal, onProgress } = request;
  if (parts.some(({ offset, length }) => offset !== null && offset + length > size)) throw cutOff(from);
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  removeFile(to);
  await using target = await explainedLater("write", to, () => open(to, newFile, stagedMode));
  const packed = createDigester(packedDigests);
  const sink = createSink(target, { path: to, what: from, digests, maxWritten: maxBytes });
  for (const { offset, length } of parts) {
    for await (const chunk of offset === null ? zeros(length) : fileChunks(source, from, { offset, length })) {
      if (signal?.aborted === true) throw unpackStopped(from);
      packed.update(chunk);
      await sink.write(chunk);
      onProgress?.(sink.bytes, total);
    }
  }
  const content = { bytes: sink.bytes, digests: await sink.finish() };
  return { bytes: sink.bytes, digests: packed.digests(), content };
}
