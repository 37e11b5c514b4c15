import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { diskBlock } from "../file-chunks.ts";
import { errnoOf } from "../file-error.ts";
import { safeRead } from "./read.ts";

/** Memory that the kernel can read into past the page cache: V8 lets a buffer that could be resized begin at a page. */
export function alignedMemory(bytes: number): Buffer {
  return Buffer.from(new ArrayBuffer(bytes, { maxByteLength: bytes }));
}

/**
 * Opens a file for reading past the page cache, into `alignedMemory` and at multiples of `diskBlock`; through the page cache where the filesystem refuses that.
 * Throws the error of the system.
 */
export async function openPastCache(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, safeRead | constants.O_DIRECT);
    try {
      await file.read(alignedMemory(diskBlock), 0, diskBlock, 0);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    if (errnoOf(error) !== "EINVAL") throw error;
    return open(path, safeRead);
  }
}
